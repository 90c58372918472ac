using System.Text;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

/// <summary>
/// A record of CSV as in RFC 4180, byte by byte: where it ends, where its cells are, and how a cell is written. A cell is quoted if it
/// begins with a quotation mark; elsewhere quotation marks are themselves.
/// </summary>
internal static class CsvCells
{
    private const byte Quote = (byte)'"', LineFeed = (byte)'\n';

    /// <summary>The byte between cells.</summary>
    public static byte SeparatorOf(BatchScoringOptions options, BatchFormat format) =>
        (byte)(options.Separator ?? (format == BatchFormat.Tsv ? '\t' : ','));

    /// <summary>Refuses what cannot stand between cells; null is whatever the format has.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is no such character.</exception>
    public static void CheckSeparator(char? separator, string option) =>
        OptionCheck.Require(separator is not { } mark || IsSeparator(mark), option, separator,
            "null or an ASCII character that is no letter, digit, space, line break or quotation mark, such as ';'");

    /// <summary>Where the record at the beginning of the bytes ends, behind its line break; -1 if they do not say.</summary>
    public static int FindEnd(ReadOnlySpan<byte> bytes, byte separator)
    {
        int at = 0;
        while (true)
        {
            int end = EndOfCell(bytes, at, separator);
            if (end < 0)
                return -1;
            if (bytes[end] == LineFeed)
                return end + 1;
            at = end + 1;
        }
    }

    /// <summary>The cells of a record without its line break, with their quotation marks.</summary>
    /// <returns>Where they are; null where the last quotation mark is not closed.</returns>
    public static List<Range>? Split(ReadOnlySpan<byte> record, byte separator)
    {
        List<Range> cells = [];
        for (int at = 0; ;)
        {
            int end = EndOfCell(record, at, separator);
            if (end < 0 && IsOpen(record[at..]))
                return null;
            cells.Add(at..(end < 0 ? record.Length : end));
            if (end < 0)
                return cells;
            at = end + 1;
        }
    }

    /// <summary>The content of a cell; null where characters follow the closing quotation mark.</summary>
    public static string? Content(string cell)
    {
        if (!cell.StartsWith('"'))
            return cell;
        string inner = cell[1..];
        var text = new StringBuilder();
        for (int at = 0; ;)
        {
            int quote = inner.IndexOf('"', at);
            text.Append(inner, at, quote - at);
            if (quote + 1 == inner.Length)
                return text.ToString();
            if (inner[quote + 1] != '"')
                return null;
            text.Append('"');
            at = quote + 2;
        }
    }

    /// <summary>A text as a cell, in quotation marks where it needs them.</summary>
    public static string Cell(string text, byte separator)
    {
        bool isPlain = text.AsSpan().IndexOfAny((char)separator, '"', '\n') < 0 && !text.Contains('\r', StringComparison.Ordinal);
        return isPlain ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private static bool IsSeparator(char mark) =>
        mark == '\t' || (char.IsAscii(mark) && !char.IsLetterOrDigit(mark) && mark is > ' ' and not '"');

    // The separator or line break behind a cell; -1 where the bytes end before it.
    private static int EndOfCell(ReadOnlySpan<byte> bytes, int start, byte separator)
    {
        int at = start;
        if (at < bytes.Length && bytes[at] == Quote)
        {
            at = Closing(bytes, at);
            if (at < 0)
                return -1;
        }
        int end = bytes[at..].IndexOfAny(separator, LineFeed);
        return end < 0 ? -1 : at + end;
    }

    // Behind the quotation mark that closes the one at the start; -1 where there is none yet.
    private static int Closing(ReadOnlySpan<byte> bytes, int start)
    {
        for (int at = start + 1; ;)
        {
            int quote = bytes[at..].IndexOf(Quote);
            if (quote < 0)
                return -1;
            at += quote + 1;
            if (at >= bytes.Length || bytes[at] != Quote)
                return at;
            at++;
        }
    }

    private static bool IsOpen(ReadOnlySpan<byte> cell) => cell.Length > 0 && cell[0] == Quote && Closing(cell, 0) < 0;
}
