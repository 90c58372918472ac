using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Documents;

/// <summary>
/// Reads the documents of one UTF-8 file one at a time. Every error names the file and the line. Documents of white space only are left
/// out.
/// </summary>
internal static class DocumentFile
{
    private const string LongLine = "Set MaxDocumentBytes higher if lines are that long on purpose.";

    /// <summary>Reads the documents as they are asked for.</summary>
    /// <exception cref="InvalidDataException">
    /// The file is not UTF-8, a line is not JSON with the field, or a document is too long.
    /// </exception>
    public static IEnumerable<string> Read(string path, DocumentBoundary boundary, string jsonField, int maxBytes) => boundary switch
    {
        DocumentBoundary.JsonLine => ReadLines(path, maxBytes)
            .Select(line => Parse(path, line.Number, line.Text, jsonField))
            .Where(text => !string.IsNullOrWhiteSpace(text)),
        DocumentBoundary.Line => ReadLines(path, maxBytes).Select(line => line.Text),
        _ => Join(path, boundary == DocumentBoundary.BlankLine, maxBytes),
    };

    private static IEnumerable<(string Text, long Number)> ReadLines(string path, int maxBytes)
    {
        using var lines = new ByteLines(path, maxBytes, LongLine);
        while (lines.MoveNext())
        {
            string text = Decode(path, lines);
            if (!string.IsNullOrWhiteSpace(text))
                yield return (text, lines.Number);
        }
    }

    private static IEnumerable<string> Join(string path, bool endsAtBlankLine, int maxBytes)
    {
        using var lines = new ByteLines(path, maxBytes, LongLine);
        var document = new StringBuilder();
        long bytes = 0, lineCount = 0;
        while (lines.MoveNext())
        {
            string text = Decode(path, lines);
            if (endsAtBlankLine && string.IsNullOrWhiteSpace(text))
            {
                if (lineCount > 0)
                    yield return document.ToString();
                document.Clear();
                bytes = lineCount = 0;
                continue;
            }
            bytes += lines.Current.Length + 1;
            if (bytes - 1 > maxBytes)
            {
                string boundaries = endsAtBlankLine ? "Line" : "BlankLine or Line";
                throw new InvalidDataException($"{path}, line {lines.Number}: the document has more than {maxBytes} bytes. "
                    + $"Set MaxDocumentBytes higher, or Boundary to {boundaries} if a file holds many documents.");
            }
            document.Append(lineCount++ == 0 ? "" : "\n").Append(text);
        }
        string last = document.ToString();
        if (!string.IsNullOrWhiteSpace(last))
            yield return last;
    }

    private static string Decode(string path, ByteLines lines)
    {
        try
        {
            return TextLines.Decode(lines.Current.Span);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}, line {lines.Number}: {e.Message}", e);
        }
    }

    private static string Parse(string path, long line, string text, string field)
    {
        try
        {
            return JsonLines.Parse(text, 0, (row, _) => row.Text(field));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}, line {line}: {e.Message}", e);
        }
    }
}
