using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace DocumentationDemo.Corpus;

/// <summary>A documentation id such as `M:System.String.IndexOf(System.Char)`, taken apart.</summary>
/// <param name="DeclaringType">The full name of the type the member belongs to (the type itself for a type).</param>
/// <param name="Short">The name as a reader would write it: `IndexOf`, `List`.</param>
/// <param name="InWords">The name as words: `M:System.String.IndexOf(System.Char)` becomes "string index of method".</param>
internal sealed partial record MemberName(string DeclaringType, string Short, string InWords)
{
    private static readonly Dictionary<char, string> Kinds = new()
    {
        ['T'] = "type", ['M'] = "method", ['P'] = "property", ['F'] = "field", ['E'] = "event",
    };

    /// <summary>Takes an id apart; false for namespaces and broken references.</summary>
    public static bool TryParse(string id, [NotNullWhen(true)] out MemberName? name)
    {
        name = null;
        if (id.Length < 3 || id[1] != ':' || !Kinds.TryGetValue(id[0], out var kind))
            return false;
        var open = id.IndexOf('(');
        var path = (open < 0 ? id[2..] : id[2..open]).Replace("#ctor", "Constructor", StringComparison.Ordinal)
            .Replace("#cctor", "Constructor", StringComparison.Ordinal);
        path = Arity().Replace(path, "");
        var parts = path.Split('.');
        var isType = id[0] == 'T';
        var declaringType = isType || parts.Length < 2 ? path : string.Join('.', parts[..^1]);
        var member = parts[^1];
        var words = isType || parts.Length < 2 ? SplitWords(member) : $"{SplitWords(parts[^2])} {SplitWords(member)}";
        name = new MemberName(
            declaringType, member, $"{words} {kind}".Replace(" constructor method", " constructor", StringComparison.Ordinal));
        return true;
    }

    /// <summary>Splits `ReadAllText` into "read all text" and leaves acronyms whole.</summary>
    private static string SplitWords(string name) => WordStart().Replace(name, " ").Trim().ToLowerInvariant();

    [GeneratedRegex(@"`+\d+|\{.*?\}|#|@|~.*$")]
    private static partial Regex Arity();

    [GeneratedRegex(@"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_")]
    private static partial Regex WordStart();
}
