using System.Globalization;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Documents;

/// <summary>Typed access to the fields of a JSON object, with errors that say what was expected and what is there.</summary>
internal static class JsonFields
{
    /// <summary>The value itself if it is an object.</summary>
    /// <exception cref="InvalidDataException">It is not an object.</exception>
    public static JsonElement RequireObject(this JsonElement value) => value.ValueKind == JsonValueKind.Object
        ? value
        : throw new InvalidDataException($"expected a JSON object, found {value.ValueKind}");

    /// <exception cref="InvalidDataException">The field is missing; the message lists those that are there.</exception>
    public static JsonElement Field(this JsonElement row, string name)
    {
        if (row.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"field '{TextExcerpt.Of(name)}' is missing");
        if (row.TryGetProperty(name, out JsonElement value))
            return value;
        string names = string.Join(", ", row.EnumerateObject().Select(field => field.Name));
        throw new InvalidDataException($"field '{TextExcerpt.Of(name)}' is missing; there are: {TextExcerpt.Of(names, 500)}");
    }

    /// <exception cref="InvalidDataException">The field is missing or is not a text.</exception>
    public static string Text(this JsonElement row, string name)
    {
        JsonElement value = row.Field(name);
        return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Unexpected(name, "text", value);
    }

    /// <exception cref="InvalidDataException">The field is missing or is not a list of texts.</exception>
    public static IReadOnlyList<string> Texts(this JsonElement row, string name)
    {
        JsonElement value = row.Field(name);
        const string Expected = "a list of texts";
        if (value.ValueKind != JsonValueKind.Array)
            throw Unexpected(name, Expected, value);
        return
        [
            .. value.EnumerateArray()
                .Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Unexpected(name, Expected, item)),
        ];
    }

    /// <summary>A whole number, written as a number or as a text of digits.</summary>
    /// <exception cref="InvalidDataException">The field is missing or is not such a number.</exception>
    public static int Index(this JsonElement row, string name)
    {
        JsonElement value = row.Field(name);
        return value.ValueKind switch
        {
            JsonValueKind.Number when value.TryGetInt32(out int number) => number,
            JsonValueKind.String when int.TryParse(value.GetString(), CultureInfo.InvariantCulture, out int number) => number,
            _ => throw Unexpected(name, "a whole number", value),
        };
    }

    /// <summary>A truth value as an index, false as 0 and true as 1; or a whole number.</summary>
    /// <exception cref="InvalidDataException">The field is missing or is neither.</exception>
    public static int TruthOrIndex(this JsonElement row, string name) => row.Field(name).ValueKind switch
    {
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        _ => row.Index(name),
    };

    /// <summary>The row's own id, if the field is there and is a text or a number; otherwise <paramref name="otherwise"/>.</summary>
    public static string IdOr(this JsonElement row, string field, string otherwise) =>
        row.TryGetProperty(field, out var value) && value.ValueKind is JsonValueKind.String or JsonValueKind.Number
            ? value.ToString()
            : otherwise;

    private static InvalidDataException Unexpected(string name, string expected, JsonElement value)
    {
        return new InvalidDataException($"field '{TextExcerpt.Of(name)}' should be {expected}, but is {value.ValueKind}: "
            + TextExcerpt.Of(value.ToString(), 40));
    }
}
