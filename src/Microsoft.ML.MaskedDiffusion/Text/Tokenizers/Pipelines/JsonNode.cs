using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>A JSON object of tokenizer.json with its place in the file, for messages. What is missing or null has its default.</summary>
internal readonly struct JsonNode(JsonElement element, string place)
{
    public JsonElement Element => element;

    public string Place => place;

    public string Kind => Text("type");

    public bool Has(string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value)
            && value.ValueKind != JsonValueKind.Null;

    public JsonNode Child(string name) => Has(name)
        ? new JsonNode(element.GetProperty(name), $"{place}.{name}") : throw Bad($"lacks {name}");

    public IEnumerable<JsonNode> Children(string name)
    {
        JsonNode child = Child(name);
        if (child.Element.ValueKind != JsonValueKind.Array)
            throw child.Bad("is not an array");
        return child.Element.EnumerateArray().Select((item, i) => new JsonNode(item, $"{child.Place}[{i}]"));
    }

    public string Text(string name) => Child(name).AsText();

    public string Text(string name, string otherwise) => Has(name) ? Text(name) : otherwise;

    public bool Flag(string name, bool otherwise) => !Has(name) ? otherwise : Child(name).Element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Child(name).Bad("is neither true nor false"),
    };

    public int Number(string name, int otherwise) => Has(name) ? Child(name).AsNumber() : otherwise;

    public int Number(string name) => Child(name).AsNumber();

    public string AsText() => element.ValueKind == JsonValueKind.String ? element.GetString()! : throw Bad("is not a string");

    public int AsNumber() =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int value) ? value : throw Bad("is not a whole number");

    /// <summary>An error that names this place.</summary>
    public InvalidDataException Bad(string what) => TokenizerJsonFile.Bad(TokenizerFiles.HuggingFace, $"{place} {what}");

    /// <summary>An error for a kind that is not supported.</summary>
    public InvalidDataException Unsupported(string supported) =>
        Bad($"is of the kind '{TextExcerpt.Of(Kind)}', which is not supported; supported are {supported}");
}
