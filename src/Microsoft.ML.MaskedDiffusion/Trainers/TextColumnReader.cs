namespace Microsoft.ML.MaskedDiffusion.Trainers;

/// <summary>
/// Streams the texts of one column, leaving out rows without any. Each enumeration is one pass over the data; its cursor is disposed with it. A pass that
/// finds no text at all ends in an error, which calls the data by the name given.
/// </summary>
internal sealed class TextColumnReader(IDataView data, DataViewSchema.Column column, string what)
{
    /// <summary>Rows read by the last pass.</summary>
    public long RowCount { get; private set; }

    /// <summary>Of these, rows that were empty or white space.</summary>
    public long EmptyRowCount { get; private set; }

    /// <summary>What the data are called in messages.</summary>
    public string What => what;

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
        if (RowCount == EmptyRowCount)
            throw NoText();
    }

    private InvalidOperationException NoText() => new(RowCount == 0
        ? $"The {what} has no rows. Training needs at least one row with text in column '{column.Name}'."
        : $"Column '{column.Name}' of the {what} holds no text: all {RowCount} rows are empty or white space. Set Options.TextColumnName to the column with the documents.");
}
