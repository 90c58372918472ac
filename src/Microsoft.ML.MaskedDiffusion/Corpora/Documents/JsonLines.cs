using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Documents;

/// <summary>JSON-lines files row by row; every error names the file and the line.</summary>
internal static class JsonLines
{
    public static IEnumerable<T> Read<T>(string path, Func<JsonElement, int, T> convert) =>
        TextLines.Read(path, (text, line) => Parse(text, line, convert));

    public static T Parse<T>(string text, int line, Func<JsonElement, int, T> convert)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new InvalidDataException($"expected a JSON object, found {document.RootElement.ValueKind}");
            return convert(document.RootElement, line);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"not JSON: {e.Message}", e);
        }
    }
}
