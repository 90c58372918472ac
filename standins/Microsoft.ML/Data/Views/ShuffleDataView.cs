using System.Runtime.InteropServices;

namespace Microsoft.ML.Data;

/// <summary>
/// Rows in a random order: out of a pool that is refilled from the source, a row at random each time. Every pass gives the same order unless
/// the caller brings random numbers of its own.
/// </summary>
internal sealed class ShuffleDataView(IDataView source, int seed, int poolSize, bool shuffleSource) : IDataView
{
    public bool CanShuffle => true;

    public DataViewSchema Schema => source.Schema;

    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        ArgumentNullException.ThrowIfNull(columnsNeeded);
        var needed = columnsNeeded.ToArray();
        var random = rand ?? new Random(seed);
        return new Cursor(source.GetRowCursor(needed, shuffleSource && source.CanShuffle ? random : null), needed, random, poolSize);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor : RowCursorBase
    {
        private readonly DataViewRowCursor _source;
        private readonly Random _random;
        private readonly int _poolSize;
        private readonly RowPointer _pointer = new();
        private readonly ColumnBuffer[] _buffers;
        private readonly ValueGetter<DataViewRowId> _sourceId;
        private readonly List<int> _slots = [];
        private readonly List<DataViewRowId> _ids = [];
        private bool _sourceDone;
        private int _last = -1;

        internal Cursor(DataViewRowCursor source, DataViewSchema.Column[] needed, Random random, int poolSize)
            : base(source.Schema, needed)
        {
            _source = source;
            _random = random;
            _poolSize = poolSize;
            _sourceId = source.GetIdGetter();
            _buffers = new ColumnBuffer[source.Schema.Count];
            foreach (var column in needed.DistinctBy(c => c.Index))
            {
                _buffers[column.Index] = ColumnBuffer.Create(column.Type);
                _buffers[column.Index].Bind(source, column);
            }
        }

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = _ids[_pointer.Checked()];

        protected override bool MoveNextCore()
        {
            // The row given out last has been read by now: its slot takes the next row of the source.
            if (_last >= 0 && !Fetch(_slots[_last]))
            {
                _slots[_last] = _slots[^1];
                _slots.RemoveAt(_slots.Count - 1);
            }
            while (_slots.Count < _poolSize && Fetch(_slots.Count))
                _slots.Add(_slots.Count);
            if (_slots.Count == 0)
            {
                _pointer.Slot = -1;
                return false;
            }
            _last = _random.Next(_slots.Count);
            _pointer.Slot = _slots[_last];
            return true;
        }

        protected override Delegate MakeGetter(int column) => _buffers[column].MakeGetter(_pointer);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _source.Dispose();
            base.Dispose(disposing);
        }

        private bool Fetch(int slot)
        {
            if (_sourceDone || !_source.MoveNext())
            {
                _sourceDone = true;
                return false;
            }
            foreach (var buffer in _buffers)
                buffer?.Fetch(slot);
            while (_ids.Count <= slot)
                _ids.Add(default);
            _sourceId(ref CollectionsMarshal.AsSpan(_ids)[slot]);
            return true;
        }
    }
}
