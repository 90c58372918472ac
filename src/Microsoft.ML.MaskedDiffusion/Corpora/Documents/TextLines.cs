using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Documents;

/// <summary>Reads UTF-8 text files line by line. Every error names the file and the line.</summary>
internal static class TextLines
{
    /// <summary>UTF-8 that fails on invalid bytes instead of replacing them.</summary>
    public static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Converts every line that is not blank, and its number, as it is asked for.</summary>
    /// <exception cref="InvalidDataException">The file is not UTF-8, or has no line that is not blank.</exception>
    public static IEnumerable<T> Read<T>(string path, Func<string, int, T> convert)
    {
        using var reader = new StreamReader(path, Strict);
        int line = 0, rows = 0;
        while (NextLine(reader, path, ++line) is { } text)
        {
            if (string.IsNullOrWhiteSpace(text))
                continue;
            rows++;
            yield return Convert(path, line, text, convert);
        }
        if (rows == 0)
            throw new InvalidDataException($"{path}: the file holds no row.");
    }

    private static string? NextLine(StreamReader reader, string path, int line)
    {
        try
        {
            return reader.ReadLine();
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException(
                $"{path}, about line {line}: the bytes are not UTF-8 ({e.Message.TrimEnd('.')}). Convert the file to UTF-8.", e);
        }
    }

    private static T Convert<T>(string path, int line, string text, Func<string, int, T> convert)
    {
        try
        {
            return convert(text, line);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}, line {line}: {e.Message}", e);
        }
    }
}
