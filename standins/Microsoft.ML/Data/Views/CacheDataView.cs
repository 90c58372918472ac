namespace Microsoft.ML.Data;

/// <summary>Keeps columns in memory from the first time they are read. Safe for several threads.</summary>
internal sealed class CacheDataView : IDataView
{
    private readonly IDataView _source;
    private readonly Lock _gate = new();
    private readonly ColumnBuffer[] _columns;
    private long _rowCount = -1;

    internal CacheDataView(IDataView source, IEnumerable<string> columnsToPrefetch)
    {
        _source = source;
        _columns = new ColumnBuffer[source.Schema.Count];
        var prefetch = columnsToPrefetch.Select(name =>
            source.Schema.GetColumnOrNull(name) ?? throw SchemaErrors.Missing(nameof(columnsToPrefetch), "prefetch", name)).ToArray();
        if (prefetch.Length > 0)
            Fill(prefetch);
    }

    public bool CanShuffle => true;

    public DataViewSchema Schema => _source.Schema;

    public long? GetRowCount() => _rowCount >= 0 ? _rowCount : _source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        ArgumentNullException.ThrowIfNull(columnsNeeded);
        var needed = columnsNeeded.ToArray();
        return new Cursor(this, needed, rand);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    /// <summary>Reads those columns that are not kept yet, all in one pass.</summary>
    private void Fill(DataViewSchema.Column[] needed)
    {
        lock (_gate)
        {
            var missing = needed.Where(c => _columns[c.Index] == null).DistinctBy(c => c.Index).ToArray();
            if (missing.Length == 0 && _rowCount >= 0)
                return;
            var buffers = Array.ConvertAll(missing, c => ColumnBuffer.Create(c.Type));
            var count = 0;
            using (var cursor = _source.GetRowCursor(missing))
            {
                for (var i = 0; i < missing.Length; i++)
                    buffers[i].Bind(cursor, missing[i]);
                for (; cursor.MoveNext(); count++)
                {
                    foreach (var buffer in buffers)
                        buffer.Fetch(count);
                }
            }
            if (_rowCount >= 0 && _rowCount != count)
                throw new InvalidOperationException($"The source under a cache gave {_rowCount} rows in one pass and {count} in another.");
            _rowCount = count;
            for (var i = 0; i < missing.Length; i++)
            {
                buffers[i].Seal(count);
                _columns[missing[i].Index] = buffers[i];
            }
        }
    }

    private sealed class Cursor : RowCursorBase
    {
        private readonly CacheDataView _parent;
        private readonly DataViewSchema.Column[] _needed;
        private readonly Random _random;
        private readonly RowPointer _pointer = new();
        private int[] _order;
        private int _next;
        private bool _filled;

        internal Cursor(CacheDataView parent, DataViewSchema.Column[] needed, Random random)
            : base(parent.Schema, needed)
        {
            _parent = parent;
            _needed = needed;
            _random = random;
        }

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new DataViewRowId((ulong)_pointer.Checked(), 0);

        protected override bool MoveNextCore()
        {
            EnsureFilled();
            if (_next >= _parent._rowCount)
            {
                _pointer.Slot = -1;
                return false;
            }
            _pointer.Slot = _order == null ? _next : _order[_next];
            _next++;
            return true;
        }

        protected override Delegate MakeGetter(int column)
        {
            EnsureFilled();
            return _parent._columns[column].MakeGetter(_pointer);
        }

        private void EnsureFilled()
        {
            if (_filled)
                return;
            _parent.Fill(_needed);
            if (_random != null)
            {
                _order = Enumerable.Range(0, (int)_parent._rowCount).ToArray();
                _random.Shuffle(_order);
            }
            _filled = true;
        }
    }
}
