namespace Microsoft.ML.Data;

/// <summary>The rows whose draw in [0, 1) lies inside a range, or outside of it. One seed or key gives a row the same draw in every pass.</summary>
internal sealed class SplitDataView(IDataView source, string samplingKeyColumnName, int seed, double low, double high, bool outside) : IDataView
{
    public bool CanShuffle => false;

    public DataViewSchema Schema => source.Schema;

    public long? GetRowCount() => null;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        ArgumentNullException.ThrowIfNull(columnsNeeded);
        if (samplingKeyColumnName == null)
        {
            var random = new Random(seed);
            return new Cursor(source.GetRowCursor(columnsNeeded), null, _ => random.NextDouble, this);
        }
        var needed = columnsNeeded.ToArray();
        var key = Schema[samplingKeyColumnName];
        var cursor = source.GetRowCursor(needed.Append(key));
        return new Cursor(cursor, needed.Select(c => c.Index).ToHashSet(), row => KeyDraw.Create(row, key, seed), this);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    private bool Keeps(double draw) => (draw >= low && draw < high) != outside;

    private sealed class Cursor(DataViewRowCursor source, HashSet<int> activeColumns, Func<DataViewRow, Func<double>> makeDraw, SplitDataView parent)
        : ForwardingCursor(source, activeColumns)
    {
        private readonly Func<double> _draw = makeDraw(source);

        protected override bool MoveNextCore()
        {
            while (Source.MoveNext())
            {
                if (parent.Keeps(_draw()))
                    return true;
            }
            return false;
        }
    }
}
