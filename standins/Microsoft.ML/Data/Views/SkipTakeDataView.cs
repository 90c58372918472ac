namespace Microsoft.ML.Data;

/// <summary>The rows from one place on, at most so many.</summary>
internal sealed class SkipTakeDataView(IDataView source, long skip, long take) : IDataView
{
    public bool CanShuffle => false;

    public DataViewSchema Schema => source.Schema;

    public long? GetRowCount()
    {
        if (take == 0)
            return 0;
        return source.GetRowCount() is { } count ? Math.Min(take, Math.Max(0, count - skip)) : null;
    }

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null) =>
        new Cursor(source.GetRowCursor(columnsNeeded), skip, take);

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor(DataViewRowCursor source, long skip, long take) : ForwardingCursor(source)
    {
        private long _left = take;
        private long _toSkip = skip;

        protected override bool MoveNextCore()
        {
            if (_left == 0)
                return false;
            for (; _toSkip > 0; _toSkip--)
            {
                if (!Source.MoveNext())
                    return false;
            }
            _left--;
            return Source.MoveNext();
        }
    }
}
