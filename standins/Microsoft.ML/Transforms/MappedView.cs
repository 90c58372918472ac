namespace Microsoft.ML.Transforms;

/// <summary>A view seen through a mapping: nothing is computed before a cursor asks for it.</summary>
internal sealed class MappedView : IDataView
{
    private readonly RowMapping _mapping;
    private readonly IDataView _source;

    public MappedView(RowMapping mapping, IDataView source)
    {
        _mapping = mapping;
        _source = source;
    }

    public bool CanShuffle => _source.CanShuffle;

    public DataViewSchema Schema => _mapping.OutputSchema;

    public long? GetRowCount() => _source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        var active = new ActiveColumns(Schema, columnsNeeded);
        var input = _source.GetRowCursor(_mapping.GetDependencies(active.Columns), rand);
        if (_mapping.WantsThreads && active.Columns.Any(c => _mapping.SourceOf(c.Index) < 0) && ParallelCursor.CanCarry(active.Columns))
            return new ParallelCursor(_mapping, input, active);
        return new MappedCursor(_mapping, input, active);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null)
    {
        var active = new ActiveColumns(Schema, columnsNeeded);
        return Array.ConvertAll(_source.GetRowCursorSet(_mapping.GetDependencies(active.Columns), n, rand),
            DataViewRowCursor (input) => new MappedCursor(_mapping, input, active));
    }
}
