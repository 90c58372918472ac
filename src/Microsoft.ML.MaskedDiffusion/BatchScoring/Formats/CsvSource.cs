using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Corpora.Documents;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

/// <summary>CSV or TSV. Every row has as many cells as the first record.</summary>
internal sealed class CsvSource : TextSource
{
    private readonly byte _separator;
    private readonly List<string> _fields = [];

    public CsvSource(string path, byte separator, bool hasHeader, BatchShard shard)
        : this(path, separator, hasHeader, shard, new ByteRecords(
            path, TextLines.MaxBytes, "A quotation mark in it may not be closed.", (bytes, _) => CsvCells.FindEnd(bytes, separator)))
    {
    }

    private CsvSource(string path, byte separator, bool hasHeader, BatchShard shard, ByteRecords records)
        : base(path, shard, records)
    {
        _separator = separator;
        try
        {
            ReadNames(records, hasHeader);
            FindBegin();
        }
        catch
        {
            records.Dispose();
            throw;
        }
    }

    /// <summary>The line with the names, with its line break and without a byte order mark; empty where there is none.</summary>
    public ReadOnlyMemory<byte> Header { get; private set; }

    public override IReadOnlyList<string> Fields => _fields;

    public override DataViewType TypeOf(int field) => TextDataViewType.Instance;

    protected override bool IsBlank(ReadOnlySpan<byte> record) => record.IsEmpty;

    protected override SourceRow Parse(ReadOnlyMemory<byte> record, RecordPosition position, RecordPosition next)
    {
        List<string>? cells = Cells(record, out string? fault);
        if (cells is not null && cells.Count != _fields.Count)
        {
            string separator = _separator == (byte)'\t' ? "a tab" : $"'{(char)_separator}'";
            fault = $"the row has {cells.Count} cells, and the first line has {_fields.Count}; a cell with {separator} or a line break in "
                + "it must be in quotation marks";
        }
        return new SourceRow(position, next, record, fault is null ? [.. cells!.Select(FieldValue.OfText)] : [], fault);
    }

    private void ReadNames(ByteRecords records, bool hasHeader)
    {
        do
        {
            if (!records.MoveNext())
                throw new InvalidDataException($"{Path} is empty; its first line should {(hasHeader ? "name the columns" : "be a row")}.");
            Header = WithoutMark(records.Position, records.Current).ToArray();
        }
        while (IsBlank(ByteRecords.WithoutLineBreak(Header).Span));
        List<string> cells = Cells(Header, out string? fault)
            ?? throw new InvalidDataException($"{Path}, line {records.Position.Line + 1}: {fault}.");
        // Tables of pandas begin with an index that has no name.
        _fields.AddRange(cells.Select((cell, i) => hasHeader && !string.IsNullOrWhiteSpace(cell)
            ? cell : string.Create(CultureInfo.InvariantCulture, $"Column{i + 1}")));
        CheckNames(records.Position.Line + 1);
        if (!hasHeader)
        {
            Header = ReadOnlyMemory<byte>.Empty;
            Seek(records.Position);
        }
    }

    private List<string>? Cells(ReadOnlyMemory<byte> record, out string? fault)
    {
        ReadOnlySpan<byte> bytes = ByteRecords.WithoutLineBreak(record).Span;
        if (CsvCells.Split(bytes, _separator) is not { } ranges)
        {
            fault = "a quotation mark that begins here is not closed until the end of the file";
            return null;
        }
        var cells = new List<string>(ranges.Count);
        foreach (Range range in ranges)
        {
            string? cell = Decode(bytes[range]);
            string? content = cell is null ? null : CsvCells.Content(cell);
            if (content is null)
            {
                string what = cell is null ? "bytes that are not UTF-8; convert the file to UTF-8"
                    : "characters behind its closing quotation mark; a quotation mark within quotation marks must be doubled";
                fault = $"cell {cells.Count + 1} has {what}";
                return null;
            }
            cells.Add(content);
        }
        fault = null;
        return cells;
    }

    private void CheckNames(long line)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in _fields)
        {
            if (!seen.Add(name))
            {
                throw new InvalidDataException($"{Path}, line {line}: the column name '{TextExcerpt.Of(name)}' is there twice. "
                    + "Give each column a name of its own, or set HasHeader to false if this line is a row.");
            }
        }
    }
}
