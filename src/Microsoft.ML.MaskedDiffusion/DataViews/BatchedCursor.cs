using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>Reads a batch of rows from one source cursor, keeps what is needed of them, and computes the batch when its first computed value is read.</summary>
internal sealed class BatchedCursor<TInput, TOutput> : DataViewRowCursor
{
    private readonly DataViewRowCursor _source;
    private readonly ActiveColumns _active;
    private readonly RowComputation<TInput, TOutput> _computation;
    private readonly long? _rowsInAll;
    private readonly ColumnBuffer?[] _buffers;
    private readonly Func<TInput> _read;
    private readonly ValueGetter<DataViewRowId> _readId;
    private readonly TInput[] _inputs;
    private readonly DataViewRowId[] _ids;
    private IReadOnlyList<TOutput>? _outputs;
    private long _position = -1;
    private long _rowsRead;
    private int _slot;
    private int _count;
    private bool _sourceDone;

    public BatchedCursor(
        DataViewRowCursor source, DataViewSchema schema, ActiveColumns active, RowComputation<TInput, TOutput> computation, long? rowsInAll)
    {
        _source = source;
        Schema = schema;
        _active = active;
        _computation = computation;
        _rowsInAll = rowsInAll;
        int capacity = computation.BatchSize;
        _buffers = [.. source.Schema.Select(column => active[column.Index] ? ColumnBuffer.Create(source, column, capacity) : null)];
        _read = computation.Bind(source);
        _readId = source.GetIdGetter();
        _inputs = new TInput[capacity];
        _ids = new DataViewRowId[capacity];
    }

    public override DataViewSchema Schema { get; }

    public override long Position => _position;

    public override long Batch => 0;

    public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column);

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = _ids[CurrentSlot()];

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        int index = _active.Require<TValue>(column);
        return (ValueGetter<TValue>)(index < _buffers.Length
            ? _buffers[index]!.CreateGetter(CurrentSlot)
            : _computation.Outputs[index - _buffers.Length].CreateGetter(CurrentOutput));
    }

    public override bool MoveNext()
    {
        if (_slot + 1 < _count)
        {
            _slot++;
            _position++;
            return true;
        }
        if (!ReadBatch())
        {
            _position = -1;
            return false;
        }
        _position = _rowsRead - _count;
        return true;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _source.Dispose();
        base.Dispose(disposing);
    }

    private bool ReadBatch()
    {
        _computation.CancellationToken.ThrowIfCancellationRequested();
        _outputs = null;
        _slot = 0;
        _count = 0;
        while (!_sourceDone && _count < _inputs.Length)
        {
            if (!_source.MoveNext())
            {
                _sourceDone = true;
                break;
            }
            foreach (ColumnBuffer? buffer in _buffers)
                buffer?.Store(_count);
            _readId(ref _ids[_count]);
            _inputs[_count++] = _read();
        }
        _rowsRead += _count;
        return _count > 0;
    }

    private int CurrentSlot() => _count > 0 && _position >= 0
        ? _slot
        : throw new InvalidOperationException("The cursor stands on no row: it is before the first or past the last.");

    private TOutput CurrentOutput()
    {
        int slot = CurrentSlot();
        if (_outputs == null)
        {
            CancellationToken cancellation = _computation.CancellationToken;
            cancellation.ThrowIfCancellationRequested();
            _outputs = _computation.Compute(new ArraySegment<TInput>(_inputs, 0, _count), cancellation);
            _computation.Report(_rowsRead, _rowsInAll);
        }
        return _outputs[slot];
    }
}
