using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

/// <summary>What a field of a row holds.</summary>
internal enum FieldKind
{
    /// <summary>Nothing.</summary>
    Missing,

    /// <summary>A text.</summary>
    Text,

    /// <summary>A number, as it is written; NaN, Infinity and -Infinity are numbers too.</summary>
    Number,

    /// <summary>"true" or "false".</summary>
    Boolean,

    /// <summary>A list of the above.</summary>
    List,

    /// <summary>Anything else of JSON, as it is written.</summary>
    Json,
}

/// <summary>
/// The value of a field in one form for all formats: digits stay as they are written, so that a number is no other one afterwards.
/// Immutable.
/// </summary>
/// <param name="Kind">What it is.</param>
/// <param name="Content">The text, number, truth value or JSON; empty for the others.</param>
/// <param name="Items">The values of a list; null for the others.</param>
internal readonly record struct FieldValue(FieldKind Kind, string Content, IReadOnlyList<FieldValue>? Items = null)
{
    public static FieldValue Missing { get; } = new(FieldKind.Missing, "");

    /// <summary>The value in words, for messages.</summary>
    public string Description => Kind switch
    {
        FieldKind.Missing => "nothing",
        FieldKind.Text => "a text",
        FieldKind.Number => $"the number {Content}",
        FieldKind.Boolean => Content,
        FieldKind.List => $"a list of {Items!.Count}",
        _ => "a JSON object or nested list",
    };

    public static FieldValue OfText(string text) => new(FieldKind.Text, text);

    public static FieldValue OfNumber(string number) => new(FieldKind.Number, number);

    public static FieldValue OfBoolean(bool value) => new(FieldKind.Boolean, value ? "true" : "false");

    public static FieldValue OfList(IReadOnlyList<FieldValue> items) => new(FieldKind.List, "", items);

    public static FieldValue Of(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Null:
                return Missing;
            case JsonValueKind.String:
                return OfText(element.GetString()!);
            case JsonValueKind.Number:
                return OfNumber(element.GetRawText());
            case JsonValueKind.True or JsonValueKind.False:
                return OfBoolean(element.GetBoolean());
            case JsonValueKind.Array:
                FieldValue[] items = [.. element.EnumerateArray().Select(Of)];
                bool isFlat = items.All(item => item.Kind is not (FieldKind.List or FieldKind.Json));
                return isFlat ? OfList(items) : new(FieldKind.Json, element.GetRawText());
            default:
                return new(FieldKind.Json, element.GetRawText());
        }
    }

    /// <summary>Writes the value as JSON.</summary>
    /// <param name="writer">Takes the value.</param>
    /// <param name="withNaN">Whether NaN is the text "NaN"; otherwise it is null, which readers take for a missing number.</param>
    public void WriteJson(Utf8JsonWriter writer, bool withNaN)
    {
        switch (Kind)
        {
            case FieldKind.Missing:
            case FieldKind.Number when Content == "NaN" && !withNaN:
                writer.WriteNullValue();
                break;
            case FieldKind.Text:
            case FieldKind.Number when Content is "NaN" or "Infinity" or "-Infinity":
                writer.WriteStringValue(Content);
                break;
            case FieldKind.List:
                writer.WriteStartArray();
                foreach (FieldValue item in Items!)
                    item.WriteJson(writer, withNaN);
                writer.WriteEndArray();
                break;
            default:
                writer.WriteRawValue(Content, skipInputValidation: true);
                break;
        }
    }

    /// <summary>The value as the text of a cell: lists as JSON arrays, nothing as an empty cell.</summary>
    public string ToCell() => Kind == FieldKind.List ? JsonText.Of(this) : Content;
}
