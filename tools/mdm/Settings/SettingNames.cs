using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Settings;

/// <summary>
/// Says in the words of a command line what a message of the library says of its options: "Option MaxNewTokens" is "--length
/// (MaxNewTokens)" where --length sets it, "set Overwrite" is "add --overwrite (Overwrite)", and what has no option of its own is named as
/// --set names it.
/// </summary>
internal sealed partial class SettingNames(Type settings)
{
    private const int MostGroups = 8;
    private readonly Dictionary<string, (string Option, JsonNode? Value)> _options = [];

    /// <summary>Notes which option sets a setting.</summary>
    /// <param name="setting">The setting's name, with dots.</param>
    /// <param name="option">The option as it is written, such as --length, or &lt;data&gt; for an argument.</param>
    /// <param name="value">What the option sets it to, where the option itself has no value.</param>
    public void Add(string setting, string option, JsonNode? value = null) => _options.TryAdd(setting, (option, value));

    /// <summary>A message in the words of the command line. Texts in quotes, and lists of values, stay as they are.</summary>
    public string Say(string message)
    {
        List<Setting> known = [.. Known(settings, [], [])];
        string? withoutOption = null;
        string text = Mention().Replace(message, match => match.Groups["name"].Success ? Said(match) : match.Value);
        return withoutOption is null
            ? text : $"{text} What has no option of its own is set with --set, such as --set {withoutOption}=VALUE.";

        string Said(Match match)
        {
            string name = match.Groups["name"].Value;
            if (!IsMeant(match, message) || Find(name, known) is not { } setting)
                return WithoutType(match.Value, name);
            bool isAdvice = match.Groups["verb"].Success;
            string to = match.Groups["to"].Value, value = match.Groups["value"].Value;
            string add = match.Value.StartsWith('S') ? "Add" : "add";
            if (!_options.TryGetValue(setting.Path, out (string Option, JsonNode? Value) option))
            {
                if (isAdvice && value.Length > 0)
                    return $"{add} --set {setting.Path}={value}";
                withoutOption ??= setting.Path;
                return (isAdvice ? match.Groups["verb"].Value : "") + setting.Path + to;
            }
            string said = $"{option.Option} ({name})";
            if (!isAdvice || option.Value is null)
                return (isAdvice ? match.Groups["verb"].Value : "") + said + to;
            return value.Length == 0 || value.Equals(option.Value.ToString(), StringComparison.OrdinalIgnoreCase)
                ? $"{add} {said}" : $"{add} --set {setting.Path}={value}";
        }
    }

    // A word like "Data" at the beginning of a sentence is no setting's name, unless the message says that it is one.
    private static bool IsMeant(Match match, string message)
    {
        string name = match.Groups["name"].Value;
        if (match.Groups["verb"].Success || match.Groups["kind"].Success || name.Skip(1).Any(char.IsUpper) || name.Contains('.'))
            return true;
        return !SentenceEnd().IsMatch(message[..match.Index]);
    }

    // The names of types are of use in code alone.
    private static string WithoutType(string text, string name)
    {
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        bool isValue = dot > 0 && typeof(WeightType).Assembly.GetType($"{typeof(WeightType).Namespace}.{name[..dot]}") is { IsEnum: true };
        return isValue ? text.Replace(name, name[(dot + 1)..], StringComparison.Ordinal) : text;
    }

    // The setting that a name means: one with an option before others, and then the one in the fewest groups. None if there are several.
    private Setting? Find(string name, List<Setting> known)
    {
        string[] parts = name.Split('.');
        Setting[] named = [.. known.Where(setting => setting.EndsWith(parts))];
        Setting[] withOption = [.. named.Where(setting => _options.ContainsKey(setting.Path))];
        Setting[] best = withOption.Length > 0 ? withOption : [.. named.Where(setting => !DataTypes.IsGroup(setting.Type))];
        Setting[] nearest = [.. best.Where(setting => setting.Names.Length == best.Min(other => other.Names.Length))];
        return nearest.Length == 1 ? nearest[0] : null;
    }

    private static IEnumerable<Setting> Known(Type type, string[] before, string[] owners)
    {
        foreach (JsonPropertyInfo property in SettingsFormat.Properties(type))
        {
            var setting = new Setting([.. before, property.Name], [.. owners, type.Name], property.PropertyType);
            yield return setting;
            if (!DataTypes.IsGroup(property.PropertyType) || before.Length > MostGroups)
                continue;
            foreach (Setting inner in Known(property.PropertyType, setting.Names, setting.Owners))
                yield return inner;
        }
    }

    // Quotes and lists of values come first, so that no name is looked for in them.
    [GeneratedRegex("""
        "[^"]*" | (?<!\w)'[^']*'(?!\w) | \bone\ of\ [^.;]*
        | (?<verb>\b[Ss]et\ )? (?<kind>\b[Oo]ptions?\ )?
          (?<![\w./\\-]) (?<name>[A-Z][A-Za-z0-9]* (?:\.[A-Z][A-Za-z0-9]*)*) (?![\w/\\] | \.\w)
          (?<to>\ to\ (?<value>[A-Z]\w* | true | false | null | \d+(?:\.\d+)?) (?![\w/\\.]*\w | \ or\ | ,\ [A-Z]))?
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Mention();

    [GeneratedRegex(@"(^|[.:!?]\s+|\n\s*)\z")]
    private static partial Regex SentenceEnd();

    /// <summary>A setting: its names from the outermost group on, and the type that each of them belongs to.</summary>
    private sealed record Setting(string[] Names, string[] Owners, Type Type)
    {
        public string Path { get; } = string.Join('.', Names);

        // A message may name the groups before the option, or the class of options that it is in.
        public bool EndsWith(string[] parts)
        {
            int start = Names.Length - parts.Length;
            if (start >= 0 && parts.SequenceEqual(Names[start..]))
                return true;
            return parts.Length > 1 && parts[1..].SequenceEqual(Names[Math.Max(0, start + 1)..]) && parts[0] == Owners[start + 1];
        }
    }
}
