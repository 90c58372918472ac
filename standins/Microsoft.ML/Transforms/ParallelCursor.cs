namespace Microsoft.ML.Transforms;

/// <summary>
/// Runs a mapping over batches of rows on several threads and serves the rows in their order, as the published package does for each pass
/// over a row mapper. Code in a mapping that is not made for several threads shows here.
/// </summary>
internal sealed class ParallelCursor : RowCursorBase
{
    private const int RowsPerWorker = 16;

    private readonly RowMapping _mapping;
    private readonly DataViewRowCursor _source;
    private readonly ColumnBuffer[] _inputs;
    private readonly ValueGetter<DataViewRowId> _getId;
    private readonly DataViewRowId[] _ids;
    private readonly long[] _positions;
    private readonly RowPointer _pointer = new();
    private readonly Worker[] _workers;
    private int _batchRows;

    public ParallelCursor(RowMapping mapping, DataViewRowCursor source, ActiveColumns active)
        : base(mapping.OutputSchema, active.Columns)
    {
        _mapping = mapping;
        _source = source;
        int workers = Math.Max(2, Environment.ProcessorCount - 1);
        _ids = new DataViewRowId[workers * RowsPerWorker];
        _positions = new long[_ids.Length];
        _getId = source.GetIdGetter();
        _inputs = new ColumnBuffer[source.Schema.Count];
        foreach (var column in source.Schema)
        {
            if (!source.IsColumnActive(column)) continue;
            _inputs[column.Index] = ColumnBuffer.Create(column.Type);
            _inputs[column.Index].Bind(source, column);
        }
        _workers = new Worker[workers];
        for (int i = 0; i < workers; i++) _workers[i] = new Worker(this, active);
    }

    /// <summary>Whether values of these columns can be held over a batch.</summary>
    public static bool CanCarry(IEnumerable<DataViewSchema.Column> columns) => columns.All(c => TypeCodec.CanWrite(c.Type));

    public override long Batch => 0;

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = _ids[_pointer.Checked()];

    protected override bool MoveNextCore()
    {
        if (_pointer.Slot + 1 >= _batchRows)
        {
            ReadBatch();
            _pointer.Slot = -1;
            if (_batchRows == 0) return false;
            MapBatch();
        }
        _pointer.Slot++;
        return true;
    }

    private void ReadBatch()
    {
        _batchRows = 0;
        while (_batchRows < _ids.Length && _source.MoveNext())
        {
            foreach (var buffer in _inputs) buffer?.Fetch(_batchRows);
            _getId(ref _ids[_batchRows]);
            _positions[_batchRows++] = _source.Position;
        }
    }

    private void MapBatch()
    {
        try
        {
            Parallel.For(0, _workers.Length, i => _workers[i].Map(i * RowsPerWorker, Math.Min(_batchRows, (i + 1) * RowsPerWorker)));
        }
        catch (AggregateException e)
        {
            throw new InvalidOperationException("Splitter/consolidator worker encountered exception while consuming source data", e.InnerExceptions[0]);
        }
    }

    protected override Delegate MakeGetter(int column)
    {
        int source = _mapping.SourceOf(column);
        if (source >= 0) return _inputs[source].MakeGetter(_pointer);
        var type = Schema[column].Type.RawType;
        return (Delegate)Generic.Call(typeof(ParallelCursor), nameof(Choose), type, this, Array.ConvertAll(_workers, w => w.MakeGetter(column, _pointer)));
    }

    private static ValueGetter<T> Choose<T>(ParallelCursor cursor, Delegate[] getters)
    {
        var typed = Array.ConvertAll(getters, g => (ValueGetter<T>)g);
        return (ref T value) => typed[cursor._pointer.Checked() / RowsPerWorker](ref value);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (var worker in _workers) worker.Dispose();
            _source.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>Maps a share of each batch, on whatever thread it is called.</summary>
    private sealed class Worker : IDisposable
    {
        private readonly BufferedRow _input;
        private readonly MappedRow _output;
        private readonly ColumnBuffer[] _results;

        public Worker(ParallelCursor cursor, ActiveColumns active)
        {
            _input = new BufferedRow(cursor);
            _output = new MappedRow(cursor._mapping, _input, active);
            _results = new ColumnBuffer[active.Schema.Count];
            foreach (var column in active.Columns)
            {
                if (cursor._mapping.SourceOf(column.Index) >= 0) continue;
                _results[column.Index] = ColumnBuffer.Create(column.Type);
                _results[column.Index].Bind(_output, column);
            }
        }

        public void Map(int first, int end)
        {
            for (int slot = first; slot < end; slot++)
            {
                _input.Pointer.Slot = slot;
                foreach (var result in _results) result?.Fetch(slot);
            }
        }

        public Delegate MakeGetter(int column, RowPointer pointer) => _results[column].MakeGetter(pointer);

        public void Dispose() => _output.Dispose();
    }

    /// <summary>A row of the batch, with a place of its own.</summary>
    private sealed class BufferedRow(ParallelCursor cursor) : DataViewRow
    {
        public RowPointer Pointer { get; } = new();

        public override long Position => Pointer.Slot < 0 ? -1 : cursor._positions[Pointer.Slot];

        public override long Batch => 0;

        public override DataViewSchema Schema => cursor._source.Schema;

        public override bool IsColumnActive(DataViewSchema.Column column) => cursor._source.IsColumnActive(column);

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = cursor._ids[Pointer.Checked()];

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
            cursor._inputs[column.Index].MakeGetter(Pointer) as ValueGetter<TValue>
                ?? throw new InvalidOperationException($"Invalid TValue: '{typeof(TValue)}', expected type: '{column.Type.RawType}'.");
    }
}
