using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>A schema with a number of rows that hold no values: enough to fit stock estimators on, or to read what they add.</summary>
internal sealed class BlankView(DataViewSchema schema, int rowCount = 0) : IDataView
{
    /// <summary>A schema with nothing to read in it. It has a column all the same: ML.NET makes no cursors over none.</summary>
    public static DataViewSchema EmptySchema { get; } = MakeEmptySchema();

    public bool CanShuffle => false;

    public DataViewSchema Schema => schema;

    public long? GetRowCount() => rowCount;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) =>
        new Cursor(schema, rowCount);

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    private static DataViewSchema MakeEmptySchema()
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("Nothing", BooleanDataViewType.Instance);
        return builder.ToSchema();
    }

    private sealed class Cursor(DataViewSchema schema, int rowCount) : OrderedCursor(schema)
    {
        public override bool IsColumnActive(DataViewSchema.Column column) => false;

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
            throw new ArgumentOutOfRangeException(nameof(column), $"Column '{column.Name}' holds no values here.");

        protected override bool MoveTo(long row) => row < rowCount;
    }
}
