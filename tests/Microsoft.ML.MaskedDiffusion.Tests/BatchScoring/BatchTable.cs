using System.Globalization;
using System.Text.Json;
using Microsoft.VisualBasic.FileIO;
using Parquet;
using Parquet.Serialization;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>A row of the files that are scored in tests.</summary>
internal sealed class BatchTicket
{
    public string Id { get; set; } = "";

    public string Text { get; set; } = "";

    public string Note { get; set; } = "";
}

/// <summary>A row of what is written, as readers other than the library's see it.</summary>
internal sealed class ScoredTicket
{
    public string Id { get; set; } = "";

    public string Text { get; set; } = "";

    public string Note { get; set; } = "";

    public float? NegativeLogLikelihood { get; set; }
}

/// <summary>Files of rows in every format, written and read without the library.</summary>
internal static class BatchTable
{
    public static readonly BatchFormat[] Formats = Enum.GetValues<BatchFormat>();

    public static string Extension(BatchFormat format) => format switch
    {
        BatchFormat.Csv => ".csv",
        BatchFormat.Tsv => ".tsv",
        BatchFormat.JsonLines => ".jsonl",
        _ => ".parquet",
    };

    /// <summary>Rows with all that makes formats hard: separators, quotation marks, line breaks, other scripts.</summary>
    public static BatchTicket[] Tickets(int count)
    {
        string[] texts =
            ["the cat sat", "one, two; \"three\"", "a bird\nsang\tin it", "die große Straße 猫 🐈", "\"quoted\"", " the sea "];
        string[] notes = ["", "plain", "with \"marks\"", "x,y", "line\r\nbreak", "{\"a\": [1, 2]}"];
        return
        [
            .. Enumerable.Range(0, count).Select(i => new BatchTicket
            {
                Id = (1000 + i).ToString(CultureInfo.InvariantCulture),
                Text = texts[i % texts.Length],
                Note = notes[i * 7 / 3 % notes.Length],
            }),
        ];
    }

    public static void Write(string path, BatchFormat format, IReadOnlyList<BatchTicket> rows)
    {
        if (format == BatchFormat.Parquet)
        {
            ParquetSerializer.SerializeAsync(rows, path, new ParquetOptions { RowGroupSize = 4 }).GetAwaiter().GetResult();
            return;
        }
        char separator = format == BatchFormat.Csv ? ',' : '\t';
        IEnumerable<string> lines = format == BatchFormat.JsonLines
            ? rows.Select(row => JsonSerializer.Serialize(row) + "\n")
            : rows.Select(row => Line(separator, row.Id, row.Text, row.Note)).Prepend(Line(separator, "Id", "Text", "Note"));
        File.WriteAllText(path, string.Concat(lines));
    }

    public static ScoredTicket[] Read(string path, BatchFormat format)
    {
        if (format == BatchFormat.Parquet)
            return [.. ParquetSerializer.DeserializeAsync<ScoredTicket>(path).GetAwaiter().GetResult().Data];
        if (format == BatchFormat.JsonLines)
            return [.. File.ReadLines(path).Select(line => JsonSerializer.Deserialize<ScoredTicket>(line)!)];
        using var parser = new TextFieldParser(path) { HasFieldsEnclosedInQuotes = true, TrimWhiteSpace = false };
        parser.SetDelimiters(format == BatchFormat.Csv ? "," : "\t");
        string[] names = parser.ReadFields()!;
        List<ScoredTicket> rows = [];
        while (!parser.EndOfData)
        {
            string[] cells = parser.ReadFields()!;
            string Cell(string name) => cells[Array.IndexOf(names, name)];
            rows.Add(new ScoredTicket
            {
                Id = Cell("Id"), Text = Cell("Text"), Note = Cell("Note"),
                NegativeLogLikelihood = float.Parse(Cell("NegativeLogLikelihood"), CultureInfo.InvariantCulture),
            });
        }
        return [.. rows];
    }

    // Every cell in quotation marks, which is as good as only those that need them.
    private static string Line(char separator, params string[] cells) =>
        string.Join(separator, cells.Select(cell => $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")) + "\n";
}
