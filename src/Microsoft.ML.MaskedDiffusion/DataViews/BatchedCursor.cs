using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>
/// Reads a batch of rows from one source cursor, keeps the values that are needed, and computes the batch when its first computed value is
/// read.
/// </summary>
internal sealed class BatchedCursor<TInput, TOutput> : DataViewRowCursor
{
    private readonly DataViewRowCursor _source;
    private readonly ActiveColumns _active;
    private readonly RowComputation<TInput, TOutput> _computation;
    private readonly long? _rowsInAll;
    private readonly ColumnBuffer?[] _buffers;
    private readonly Func<TInput> _read;
    private readonly ValueGetter<DataViewRowId> _readId;
    private TInput[] _inputs;
    private DataViewRowId[] _ids;
    private IReadOnlyList<TOutput>? _outputs;
    private long _position = -1;
    private long _rowsRead;
    private int _slot;
    private int _count;
    // The slot of a row that was read to see that it is not tied to the batch before it; -1 where there is none.
    private int _next = -1;
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
        _count = TakeNext();
        while (!_sourceDone && (_count < _computation.BatchSize || _computation.JoinsRows))
        {
            if (!_source.MoveNext())
            {
                _sourceDone = true;
                break;
            }
            Store(_count);
            if (_count >= _computation.BatchSize && !_computation.Joins(_inputs[_count - 1], _inputs[_count]))
            {
                _next = _count;
                break;
            }
            _count++;
        }
        _rowsRead += _count;
        return _count > 0;
    }

    private void Store(int slot)
    {
        if (slot == _inputs.Length)
        {
            Array.Resize(ref _inputs, 2 * slot);
            Array.Resize(ref _ids, 2 * slot);
        }
        foreach (ColumnBuffer? buffer in _buffers)
            buffer?.Store(slot);
        _readId(ref _ids[slot]);
        _inputs[slot] = _read();
    }

    // Makes the row that was read ahead the first of its batch, and returns how many rows there are: 1 or 0.
    private int TakeNext()
    {
        if (_next < 0)
            return 0;
        foreach (ColumnBuffer? buffer in _buffers)
            buffer?.Move(_next, 0);
        (_inputs[0], _ids[0], _next) = (_inputs[_next], _ids[_next], -1);
        return 1;
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
            _outputs = _computation.Compute(new ArraySegment<TInput>(_inputs, 0, _count), _rowsRead - _count, cancellation);
            _computation.Report(_rowsRead, _rowsInAll);
        }
        return _outputs[slot];
    }
}
