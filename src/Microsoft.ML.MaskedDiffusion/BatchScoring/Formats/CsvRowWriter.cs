using System.Buffers;
using System.Text;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

/// <summary>
/// Writes CSV or TSV. Cells of an input with the same separator, its line breaks and its byte order mark stay as they are.
/// </summary>
/// <param name="layout">The columns.</param>
/// <param name="separator">What stands between cells.</param>
/// <param name="hasHeader">Whether the first line names the columns.</param>
/// <param name="source">The input if it is CSV with the same separator; else null.</param>
internal sealed class CsvRowWriter(RowLayout layout, byte separator, bool hasHeader, CsvSource? source) : IRowWriter
{
    public void WriteHeader(IBufferWriter<byte> to)
    {
        if (source?.HasMark == true)
            to.Write(Encoding.UTF8.Preamble);
        if (!hasHeader)
            return;
        ReadOnlyMemory<byte> raw = source?.Header ?? ReadOnlyMemory<byte>.Empty;
        FieldValue[] names = [.. layout.Fields.Select(FieldValue.OfText)];
        Write(to, raw, names, [.. layout.Outputs.Select(FieldValue.OfText)]);
    }

    public void Write(IBufferWriter<byte> to, SourceRow row, IReadOnlyList<FieldValue> outputs)
    {
        if (row.Other is { } other && layout.KeepsAll)
        {
            throw new InvalidDataException(
                $"the field '{TextExcerpt.Of(other)}' is not among the first thousand rows, so there is no column for it; "
                + "name the columns in KeptColumns, or write JSON lines");
        }
        Write(to, source is null ? ReadOnlyMemory<byte>.Empty : row.Raw, row.Values, outputs);
    }

    private void Write(
        IBufferWriter<byte> to, ReadOnlyMemory<byte> raw, IReadOnlyList<FieldValue> values, IReadOnlyList<FieldValue> outputs)
    {
        ReadOnlySpan<byte> record = ByteRecords.WithoutLineBreak(raw).Span;
        List<Range>? cells = raw.IsEmpty ? null : CsvCells.Split(record, separator);
        bool isFirst = true, isOnly = layout.Kept.Count + layout.New.Count == 1;
        void Append(ReadOnlySpan<byte> cell)
        {
            if (!isFirst)
                to.Write([separator]);
            isFirst = false;
            // A blank line would be no row.
            to.Write(isOnly && cell.IsEmpty ? "\"\""u8 : cell);
        }
        foreach (int field in layout.Kept)
        {
            if (layout.OutputNamed(layout.Fields[field]) is >= 0 and int output)
                Append(Cell(outputs[output]));
            else if (cells is not null)
                Append(record[cells[field]]);
            else
                Append(Cell(values[field]));
        }
        foreach (int output in layout.New)
            Append(Cell(outputs[output]));
        ReadOnlySpan<byte> lineBreak = raw.Span[record.Length..];
        to.Write(lineBreak.IsEmpty ? "\n"u8 : lineBreak);
    }

    // Half a character, of a transformer, becomes U+FFFD, as JSON is written and so Parquet too.
    private byte[] Cell(FieldValue value) => StrictUtf8.Encoding.GetBytes(CsvCells.Cell(WellFormedText.Of(value.ToCell()), separator));
}
