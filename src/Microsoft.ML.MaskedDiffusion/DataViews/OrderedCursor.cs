using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>A cursor over rows of our own, which are read in their order and named by it.</summary>
/// <param name="schema">The columns.</param>
internal abstract class OrderedCursor(DataViewSchema schema) : DataViewRowCursor
{
    private long _position = -1;
    private bool _isOver;

    public sealed override long Position => _position;

    public sealed override long Batch => 0;

    public sealed override DataViewSchema Schema => schema;

    public sealed override ValueGetter<DataViewRowId> GetIdGetter() =>
        (ref DataViewRowId id) => id = new DataViewRowId((ulong)_position, 0);

    public sealed override bool MoveNext()
    {
        _isOver = _isOver || !MoveTo(_position + 1);
        _position = _isOver ? -1 : _position + 1;
        return !_isOver;
    }

    /// <summary>Goes on to the next row, whose number this is; false behind the last one.</summary>
    protected abstract bool MoveTo(long row);
}
