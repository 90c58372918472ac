using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Documents;

/// <summary>Reads JSON-lines files row by row. Every error names the file and the line.</summary>
internal static class JsonLines
{
    /// <summary>Converts every row and its line number, as it is asked for.</summary>
    /// <exception cref="InvalidDataException">The file holds no row, is not UTF-8, or a line is not a JSON object.</exception>
    /// <param name="path">The file.</param>
    /// <param name="convert">Converts a row.</param>
    /// <param name="invalid">Told of a row that is not valid, which then is left out; null throws.</param>
    public static IEnumerable<T> Read<T>(
        string path, Func<JsonElement, int, T> convert, Action<InvalidDataException>? invalid = null) =>
        TextLines.Read(path, (text, line) => Parse(text, line, convert), invalid);

    /// <summary>Converts one line.</summary>
    /// <exception cref="InvalidDataException">The line is not a JSON object.</exception>
    public static T Parse<T>(string text, int line, Func<JsonElement, int, T> convert)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return Convert(document.RootElement, row => convert(row, line));
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"not JSON: {e.Message}", e);
        }
    }

    /// <summary>Converts one object.</summary>
    /// <exception cref="InvalidDataException">The value is not an object, or holds a text that is not Unicode.</exception>
    public static T Convert<T>(JsonElement row, Func<JsonElement, T> convert)
    {
        try
        {
            return convert(row.RequireObject());
        }
        catch (InvalidOperationException e)
        {
            // Half of a surrogate pair, written as an escape sequence such as \ud83d, is found only when the text is asked for.
            throw new InvalidDataException($"a text is not Unicode: {e.Message}", e);
        }
    }
}
