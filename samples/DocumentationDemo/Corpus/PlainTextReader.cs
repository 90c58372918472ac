using System.Text.Json;

namespace DocumentationDemo.Corpus;

/// <summary>Rows from the user's own text: each line becomes a row, its first words the context and the rest the continuation.</summary>
internal static class PlainTextReader
{
    /// <summary>One row a non-empty line of a plain UTF-8 text file.</summary>
    public static (List<CorpusRow> Rows, int Members) ReadLines(string path) => Rows(File.ReadLines(path));

    /// <summary>One row a paragraph of a plain UTF-8 text file: lines up to an empty one.</summary>
    public static (List<CorpusRow> Rows, int Members) ReadParagraphs(string path) => Rows(Paragraphs(path));

    /// <summary>One row a line of a JSON-lines file, its text under <paramref name="field"/>.</summary>
    public static (List<CorpusRow> Rows, int Members) ReadJsonLines(string path, string field) => Rows(JsonTexts(path, field));

    private static IEnumerable<string> JsonTexts(string path, string field)
    {
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            yield return Text(path, field, number, line);
        }
    }

    private static IEnumerable<string> Paragraphs(string path)
    {
        var lines = new List<string>();
        foreach (var line in File.ReadLines(path).Append(""))
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                lines.Add(line);
                continue;
            }
            yield return string.Join(' ', lines);
            lines.Clear();
        }
    }

    private static string Text(string path, string field, int number, string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty(field, out var value)
                && value.ValueKind == JsonValueKind.String
                ? value.GetString()!
                : throw new InvalidDataException($"{path}, line {number}: no text field '{field}'.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}, line {number}: not a JSON object ({e.Message})", e);
        }
    }

    private static (List<CorpusRow>, int) Rows(IEnumerable<string> texts)
    {
        var rows = new List<CorpusRow>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var count = 0;
        foreach (var text in texts.Select(text => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))))
        {
            if (text.Length == 0)
                continue;
            count++;
            if (!seen.Add(text))
                continue;
            var cut = text.LastIndexOf(' ', text.Length / 2);
            var (name, rest) = cut > 0 ? (text[..cut], text[(cut + 1)..]) : ("", text);
            rows.Add(CorpusRow.Create(rows.Count.ToString(System.Globalization.CultureInfo.InvariantCulture), name, rest));
        }
        return (rows, count);
    }
}
