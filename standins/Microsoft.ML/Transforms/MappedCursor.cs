namespace Microsoft.ML.Transforms;

/// <summary>A source cursor seen through a mapping.</summary>
internal sealed class MappedCursor : DataViewRowCursor
{
    private readonly RowMapping _mapping;
    private readonly DataViewRowCursor _input;
    private readonly MappedGetters _getters;
    private bool _disposed;

    public MappedCursor(RowMapping mapping, DataViewRowCursor input, ActiveColumns active)
    {
        _mapping = mapping;
        _input = input;
        _getters = new MappedGetters(mapping, input, active);
    }

    public override long Position => _input.Position;

    public override long Batch => _input.Batch;

    public override DataViewSchema Schema => _mapping.OutputSchema;

    public override bool MoveNext() => _input.MoveNext();

    public override bool IsColumnActive(DataViewSchema.Column column) => _getters.IsActive(column);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => _getters.Get<TValue>(column);

    public override ValueGetter<DataViewRowId> GetIdGetter() => _input.GetIdGetter();

    protected override void Dispose(bool disposing)
    {
        if (_disposed) return;
        if (disposing)
        {
            _getters.Dispose();
            _input.Dispose();
        }
        _disposed = true;
        base.Dispose(disposing);
    }
}
