namespace Microsoft.ML.Data;

/// <summary>A row over an object that can be exchanged; the position advances with each exchange.</summary>
internal sealed class ObjectRow<TRow> : DataViewRow
    where TRow : class
{
    private readonly RowHolder<TRow> _holder = new();
    private readonly Delegate[] _getters;
    private long _position = -1;

    internal ObjectRow(SchemaDefinition definition = null)
    {
        var columns = TypedColumn.Of(typeof(TRow), definition, SchemaDefinition.Direction.Read);
        Schema = TypedColumn.SchemaOf(columns);
        _getters = Array.ConvertAll(columns, column => ObjectGetters.Create(_holder, column));
    }

    public override long Position => _position;

    public override long Batch => 0;

    public override DataViewSchema Schema { get; }

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new DataViewRowId((ulong)_position, 0);

    public override bool IsColumnActive(DataViewSchema.Column column) =>
        column.Index < _getters.Length ? true : throw new ArgumentOutOfRangeException(nameof(column));

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        IsColumnActive(column);
        return _getters[column.Index] as ValueGetter<TValue>
            ?? throw new InvalidOperationException($"Invalid TValue in GetGetter: '{typeof(TValue)}', expected type: '{Schema[column.Index].Type.RawType}'.");
    }

    internal void Set(TRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        _holder.Row = row;
        _position++;
    }
}
