using System.Text;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Documents;

/// <summary>Reads UTF-8 text files line by line, with or without a byte order mark. Every error names the file and the line.</summary>
internal static class TextLines
{
    /// <summary>The longest line in bytes. A longer one is not a row but a sign that the file is something else.</summary>
    public const int MaxBytes = 1 << 26;

    /// <summary>Converts every line that is not blank, and its number, as it is asked for.</summary>
    /// <param name="path">The file.</param>
    /// <param name="convert">Converts a line. What it throws as <see cref="InvalidDataException"/> gets the file and the line.</param>
    /// <param name="invalid">Told of a line that cannot be converted, which then is left out; null throws.</param>
    /// <param name="instead">
    /// Makes a value of a line that cannot be converted, given its text and the fault without file and line; null for none. Bytes that are
    /// not UTF-8 are U+FFFD in the text.
    /// </param>
    /// <exception cref="InvalidDataException">A line is not UTF-8 or longer than 64 MiB, or no line holds anything.</exception>
    public static IEnumerable<T> Read<T>(string path, Func<string, int, T> convert, Action<InvalidDataException>? invalid = null,
        Func<string, InvalidDataException, T>? instead = null)
    {
        using var lines = new ByteLines(path, MaxBytes, "Is it a file of lines?");
        bool isEmpty = true;
        while (lines.MoveNext())
        {
            T value;
            try
            {
                string text = Decode(lines.Current.Span);
                if (string.IsNullOrWhiteSpace(text))
                    continue;
                isEmpty = false;
                value = convert(text, (int)lines.Number);
            }
            catch (InvalidDataException e)
            {
                isEmpty = false;
                if (instead is not null)
                {
                    value = instead(Encoding.UTF8.GetString(lines.Current.Span), e);
                }
                else
                {
                    var named = new InvalidDataException($"{path}, line {lines.Number}: {e.Message}", e);
                    if (invalid is null)
                        throw named;
                    invalid(named);
                    continue;
                }
            }
            yield return value;
        }
        if (isEmpty)
            throw new InvalidDataException($"{path}: the file holds no row.");
    }

    /// <summary>The text of a line.</summary>
    /// <exception cref="InvalidDataException">It is not UTF-8; the message names neither file nor line.</exception>
    public static string Decode(ReadOnlySpan<byte> line)
    {
        try
        {
            return StrictUtf8.Encoding.GetString(line);
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"the bytes are not UTF-8 ({e.Message.TrimEnd('.')}). Convert the file to UTF-8.", e);
        }
    }
}
