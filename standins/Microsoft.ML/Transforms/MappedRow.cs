namespace Microsoft.ML.Transforms;

/// <summary>One input row seen through a mapping; owns the input row.</summary>
internal sealed class MappedRow : DataViewRow
{
    private readonly RowMapping _mapping;
    private readonly DataViewRow _input;
    private readonly MappedGetters _getters;
    private bool _disposed;

    public MappedRow(RowMapping mapping, DataViewRow input, ActiveColumns active)
    {
        _mapping = mapping;
        _input = input;
        _getters = new MappedGetters(mapping, input, active);
    }

    public override long Position => _input.Position;

    public override long Batch => _input.Batch;

    public override DataViewSchema Schema => _mapping.OutputSchema;

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
