using System.Globalization;

namespace Mdm.Output;

/// <summary>One thing that a command says: its name in words, its value, and for people its unit and format.</summary>
/// <param name="Name">The name in small letters, such as "bits per byte"; in JSON it is bitsPerByte.</param>
/// <param name="Value">A number, text, truth value, list or dictionary of these, or null.</param>
/// <param name="Unit">The unit of a number, for people.</param>
/// <param name="Format">How a number is written for people; machines get all of its digits.</param>
internal sealed record Field(string Name, object? Value, string Unit = "", string? Format = null)
{
    /// <summary>The name as a property of a JSON object.</summary>
    public string JsonName { get; } = Camel(Name);

    /// <summary>The name with the unit, as the head of a column.</summary>
    public string Heading => Unit.Length == 0 || Name.EndsWith(Unit, StringComparison.Ordinal) ? Name : $"{Name} ({Unit})";

    /// <summary>The value for people, without the unit.</summary>
    public string Text => Value switch
    {
        null => "-",
        bool truth => truth ? "yes" : "no",
        double.NaN => "-",
        double number => number.ToString(Format ?? "0.###", CultureInfo.InvariantCulture),
        int or long => ((IFormattable)Value).ToString(Format ?? "#,0", CultureInfo.InvariantCulture),
        string text => text,
        IReadOnlyDictionary<string, string> pairs => List(pairs.Select(pair => $"{pair.Key} {pair.Value}"), "\n"),
        IReadOnlyDictionary<string, long> pairs => List(pairs.Select(pair => $"{pair.Key} {new Field(Name, pair.Value).Text}"), "\n"),
        System.Collections.IEnumerable items => List(items.Cast<object?>().Select(item => new Field(Name, item).Text), ", "),
        _ => Convert.ToString(Value, CultureInfo.InvariantCulture)!,
    };

    /// <summary>The value for people, with the unit.</summary>
    public string TextWithUnit => Value is null || Unit.Length == 0 ? Text : $"{Text} {Unit}";

    private static string List(IEnumerable<string> items, string between) =>
        string.Join(between, items) is { Length: > 0 } text ? text : "-";

    private static string Camel(string name)
    {
        string[] words = name.Split([' ', '-', '.'], StringSplitOptions.RemoveEmptyEntries);
        return words[0] + string.Concat(words.Skip(1).Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
    }
}
