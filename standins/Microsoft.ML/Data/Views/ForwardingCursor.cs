namespace Microsoft.ML.Data;

/// <summary>A cursor over some of another's rows, in the same order and with the same values and ids. Columns it reads for itself stay hidden.</summary>
internal abstract class ForwardingCursor(DataViewRowCursor source, HashSet<int> activeColumns = null) : DataViewRowCursor
{
    private long _position = -1;
    private bool _done;

    public sealed override DataViewSchema Schema => Source.Schema;

    public sealed override long Position => _position;

    public sealed override long Batch => Source.Batch;

    protected DataViewRowCursor Source { get; } = source;

    public sealed override ValueGetter<DataViewRowId> GetIdGetter() => Source.GetIdGetter();

    public sealed override bool IsColumnActive(DataViewSchema.Column column) =>
        Source.IsColumnActive(column) && (activeColumns == null || activeColumns.Contains(column.Index));

    public sealed override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (!IsColumnActive(column))
            throw new ArgumentOutOfRangeException(nameof(column), $"Column '{column.Name}' is not active: the cursor was asked for without it.");
        return Source.GetGetter<TValue>(column);
    }

    public sealed override bool MoveNext()
    {
        if (!_done && MoveNextCore())
        {
            _position++;
            return true;
        }
        _done = true;
        _position = -1;
        return false;
    }

    /// <summary>Moves <see cref="Source"/> to the next row that counts.</summary>
    protected abstract bool MoveNextCore();

    protected override void Dispose(bool disposing)
    {
        _done = true;
        _position = -1;
        if (disposing)
            Source.Dispose();
        base.Dispose(disposing);
    }
}
