using System.Text.Json;
using System.Text.Unicode;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

/// <summary>Reads a tokenizer's JSON file. Its exceptions say what is wrong with which file.</summary>
internal static class TokenizerJsonFile
{
    /// <summary>
    /// Parses a file whose content is one JSON object, all of whose names and texts are Unicode; a byte order mark before it is skipped.
    /// </summary>
    public static JsonDocument ParseObject(string name, byte[] content, string expected)
    {
        JsonDocument document;
        try
        {
            ReadOnlyMemory<byte> json = JsonFile.WithoutMark(content);
            CheckTexts(name, json.Span);
            document = JsonDocument.Parse(json);
        }
        catch (JsonException e)
        {
            throw Bad(name, $"expected {expected}, but this is no JSON: {e.Message}", e);
        }
        if (document.RootElement.ValueKind == JsonValueKind.Object)
            return document;
        using (document)
            throw Bad(name, $"expected {expected}, got a JSON {document.RootElement.ValueKind.ToString().ToLowerInvariant()}");
    }

    // A JSON document reports bytes that are not UTF-8, and half a surrogate pair, only when it is asked for the text or for its neighbour.
    private static void CheckTexts(string name, ReadOnlySpan<byte> content)
    {
        if (!Utf8.IsValid(content))
            throw Bad(name, "its bytes are not UTF-8");
        var reader = new Utf8JsonReader(content);
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName) || !reader.ValueIsEscaped)
                continue;
            try
            {
                _ = reader.GetString();
            }
            catch (InvalidOperationException e)
            {
                throw Bad(name, $"the text at byte {reader.TokenStartIndex} is not valid Unicode: it has half of a surrogate pair", e);
            }
        }
    }

    public static InvalidDataException Bad(string name, string what, Exception? inner = null) =>
        new($"Tokenizer file '{name}': {what}.", inner);
}
