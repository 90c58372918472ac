using Microsoft.ML.MaskedDiffusion.DataViews;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring;

/// <summary>A data view of some rows in memory. Thread-safe.</summary>
/// <param name="schema">The columns.</param>
/// <param name="columns">How each is read.</param>
/// <param name="rows">The rows' values, null where nothing reads a column.</param>
internal sealed class BlockView(DataViewSchema schema, IReadOnlyList<ViewColumn> columns, IReadOnlyList<object?[]> rows) : IDataView
{
    public bool CanShuffle => false;

    public DataViewSchema Schema => schema;

    public long? GetRowCount() => rows.Count;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) =>
        new Cursor(this, new ActiveColumns(schema, columnsNeeded));

    /// <summary>One cursor: rows are written in their order.</summary>
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    // Not the fault of a row.
    private object Value(int row, int column) => rows[row][column]
        ?? throw new NotSupportedException(
        $"Column '{schema[column].Name}' is read, although the transformer's GetDependencies did not name it.");

    private ViewColumn Column(int index) => columns[index];

    private int RowCount => rows.Count;

    private sealed class Cursor(BlockView view, ActiveColumns active) : OrderedCursor(view.Schema)
    {
        public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            int index = active.Require<TValue>(column);
            return (ValueGetter<TValue>)view.Column(index).Getter(() => view.Value((int)Position, index));
        }

        protected override bool MoveTo(long row) => row < view.RowCount;
    }
}
