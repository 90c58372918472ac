using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Documents;

/// <summary>Reads JSON-lines files row by row. Every error names the file and the line.</summary>
internal static class JsonLines
{
    /// <summary>Converts every row and its line number, as it is asked for.</summary>
    /// <exception cref="InvalidDataException">The file holds no row, is not UTF-8, or a line is not a JSON object.</exception>
    public static IEnumerable<T> Read<T>(string path, Func<JsonElement, int, T> convert) =>
        TextLines.Read(path, (text, line) => Parse(text, line, convert));

    /// <summary>Converts one line.</summary>
    /// <exception cref="InvalidDataException">The line is not a JSON object.</exception>
    public static T Parse<T>(string text, int line, Func<JsonElement, int, T> convert)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return convert(document.RootElement.RequireObject(), line);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"not JSON: {e.Message}", e);
        }
    }
}
