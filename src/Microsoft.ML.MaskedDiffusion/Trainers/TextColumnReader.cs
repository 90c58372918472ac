namespace Microsoft.ML.MaskedDiffusion.Trainers;

/// <summary>Streams the texts of one column, leaving out rows without any. Each enumeration is one pass over the data; its cursor is disposed with it.</summary>
internal sealed class TextColumnReader(IDataView data, DataViewSchema.Column column)
{
    /// <summary>Rows read by the last pass.</summary>
    public long RowCount { get; private set; }

    /// <summary>Of these, rows that were empty or white space.</summary>
    public long EmptyRowCount { get; private set; }

    public IEnumerable<string> Read(CancellationToken cancellationToken)
    {
        RowCount = EmptyRowCount = 0;
        using DataViewRowCursor cursor = data.GetRowCursor([column]);
        ValueGetter<ReadOnlyMemory<char>> getter = cursor.GetGetter<ReadOnlyMemory<char>>(column);
        ReadOnlyMemory<char> text = default;
        while (cursor.MoveNext())
        {
            cancellationToken.ThrowIfCancellationRequested();
            getter(ref text);
            RowCount++;
            if (text.Span.IsWhiteSpace())
                EmptyRowCount++;
            else
                yield return text.ToString();
        }
    }
}
