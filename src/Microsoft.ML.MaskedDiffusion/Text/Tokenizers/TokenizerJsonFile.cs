using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

/// <summary>Reads a tokenizer's JSON file. Its exceptions say what is wrong with which file.</summary>
internal static class TokenizerJsonFile
{
    /// <summary>Parses a file whose content is one JSON object; a byte order mark before it is skipped.</summary>
    public static JsonDocument ParseObject(string name, byte[] content, string expected)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(JsonFile.WithoutMark(content));
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

    /// <summary>Reads a string; the JSON reader reports half a surrogate pair only here.</summary>
    public static string Unescape(string name, Func<string> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException e)
        {
            throw Bad(name, "a token is not valid Unicode", e);
        }
    }

    public static InvalidDataException Bad(string name, string what, Exception? inner = null) =>
        new($"Tokenizer file '{name}': {what}.", inner);
}
