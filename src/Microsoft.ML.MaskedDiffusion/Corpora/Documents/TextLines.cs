using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Documents;

/// <summary>UTF-8 text files line by line; every error names the file and the line.</summary>
internal static class TextLines
{
    /// <summary>Converts every line that is not blank, lazily; a file without one is an error.</summary>
    public static IEnumerable<T> Read<T>(string path, Func<string, int, T> convert)
    {
        // Bytes that are no UTF-8 must fail, not turn into replacement characters.
        var strict = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
        using var reader = new StreamReader(path, strict);
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
            throw new InvalidDataException($"{path}, about line {line}: bytes that are not UTF-8 ({e.Message})", e);
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
