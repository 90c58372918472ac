using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Documents;

/// <summary>Typed access to the fields of a row, with errors that say what was expected and what is there.</summary>
internal static class JsonFields
{
    public static JsonElement Field(this JsonElement row, string name) =>
        row.ValueKind == JsonValueKind.Object && row.TryGetProperty(name, out var value)
            ? value
            : throw new InvalidDataException(
                $"field '{name}' is missing{(row.ValueKind == JsonValueKind.Object ? $"; there are: {string.Join(", ", row.EnumerateObject().Select(p => p.Name))}" : "")}");

    public static string Text(this JsonElement row, string name)
    {
        JsonElement value = row.Field(name);
        return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Unexpected(name, "text", value);
    }

    public static IReadOnlyList<string> Texts(this JsonElement row, string name)
    {
        JsonElement value = row.Field(name);
        if (value.ValueKind != JsonValueKind.Array)
            throw Unexpected(name, "a list of texts", value);
        return [.. value.EnumerateArray()
            .Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Unexpected(name, "a list of texts", item))];
    }

    /// <summary>A whole number, written as a number, a text of digits or a truth value (false 0, true 1).</summary>
    public static int Index(this JsonElement row, string name)
    {
        JsonElement value = row.Field(name);
        return value.ValueKind switch
        {
            JsonValueKind.Number when value.TryGetInt32(out int number) => number,
            JsonValueKind.String when int.TryParse(value.GetString(), System.Globalization.CultureInfo.InvariantCulture, out int number) =>
                number,
            JsonValueKind.True => 1,
            JsonValueKind.False => 0,
            _ => throw Unexpected(name, "a whole number", value),
        };
    }

    /// <summary>The row's own id where it has one.</summary>
    public static string IdOr(this JsonElement row, string field, string otherwise) =>
        row.TryGetProperty(field, out var value) && value.ValueKind is JsonValueKind.String or JsonValueKind.Number ? value.ToString()
            : otherwise;

    private static InvalidDataException Unexpected(string name, string expected, JsonElement value) =>
        new($"field '{name}' should be {expected}, but is {value.ValueKind}: {(value.ToString() is { Length: > 40 } text ? text[..40] + "..." : value.ToString())}");
}
