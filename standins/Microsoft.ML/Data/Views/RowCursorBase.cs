using System.Runtime.CompilerServices;

namespace Microsoft.ML.Data;

/// <summary>What cursors have in common: position, active columns, one getter per column, checks.</summary>
internal abstract class RowCursorBase : DataViewRowCursor
{
    private readonly bool[] _active;
    private readonly Delegate[] _getters;
    private long _position = -1;
    private bool _done;

    protected RowCursorBase(DataViewSchema schema, IEnumerable<DataViewSchema.Column> columnsNeeded)
    {
        ArgumentNullException.ThrowIfNull(columnsNeeded);
        Schema = schema;
        _active = new bool[schema.Count];
        _getters = new Delegate[schema.Count];
        foreach (var column in columnsNeeded)
        {
            if (column.Index >= schema.Count || column.Name != schema[column.Index].Name)
                throw new ArgumentOutOfRangeException(nameof(columnsNeeded), $"Column '{column.Name}' (index {column.Index}) does not belong to this view's schema.");
            _active[column.Index] = true;
        }
    }

    public sealed override DataViewSchema Schema { get; }

    public sealed override long Position => _position;

    public override long Batch => 0;

    /// <summary>Whether the cursor stands on a row.</summary>
    protected bool OnRow => _position >= 0;

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

    public sealed override bool IsColumnActive(DataViewSchema.Column column)
    {
        if (column.Index >= _active.Length)
            throw new ArgumentOutOfRangeException(nameof(column), $"Column '{column.Name}' (index {column.Index}) does not belong to this row's schema.");
        return _active[column.Index];
    }

    public sealed override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (!IsColumnActive(column))
            throw new ArgumentOutOfRangeException(nameof(column), $"Column '{column.Name}' is not active: the cursor was asked for without it.");
        var getter = _getters[column.Index] ??= MakeGetter(column.Index);
        return getter as ValueGetter<TValue>
            ?? throw new InvalidOperationException($"Invalid TValue in GetGetter: '{typeof(TValue)}', expected type: '{Schema[column.Index].Type.RawType}'.");
    }

    /// <summary>Moves to the next row; false at the end, and not called again.</summary>
    protected abstract bool MoveNextCore();

    /// <summary>The getter (a <see cref="ValueGetter{TValue}"/> of the column's raw type) of an active column; asked for once.</summary>
    protected abstract Delegate MakeGetter(int column);

    /// <summary>A disposed cursor stands on no row and does not move any more.</summary>
    protected override void Dispose(bool disposing)
    {
        _done = true;
        _position = -1;
        base.Dispose(disposing);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected void CheckOnRow()
    {
        if (_position < 0)
            ThrowNotOnRow();
    }

    private static void ThrowNotOnRow() => throw new InvalidOperationException("Cannot call value getter in current state");
}
