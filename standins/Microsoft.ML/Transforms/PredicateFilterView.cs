namespace Microsoft.ML.Transforms;

/// <summary>A view without the rows the user's code leaves out.</summary>
internal sealed class PredicateFilterView<TSrc> : IDataView
    where TSrc : class, new()
{
    private readonly IDataView _source;
    private readonly Func<TSrc, bool> _leaveOut;
    private readonly RowFiller<TSrc> _filler;

    public PredicateFilterView(IDataView source, Func<TSrc, bool> leaveOut)
    {
        _source = source;
        _leaveOut = leaveOut;
        _filler = new RowFiller<TSrc>(source.Schema, ignoreMissingColumns: false);
    }

    public bool CanShuffle => _source.CanShuffle;

    public DataViewSchema Schema => _source.Schema;

    public long? GetRowCount() => null;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        var active = new ActiveColumns(Schema, columnsNeeded);
        var needed = active.Columns.Concat(_filler.Dependencies).DistinctBy(c => c.Index);
        return new Cursor(this, active, _source.GetRowCursor(needed, rand));
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) => [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor : RowCursorBase
    {
        private readonly PredicateFilterView<TSrc> _view;
        private readonly DataViewRowCursor _input;
        private readonly Action<TSrc> _fill;
        private readonly TSrc _row = new();

        public Cursor(PredicateFilterView<TSrc> view, ActiveColumns active, DataViewRowCursor input)
            : base(view.Schema, active.Columns)
        {
            _view = view;
            _input = input;
            _fill = view._filler.Bind(input);
        }

        public override long Batch => _input.Batch;

        public override ValueGetter<DataViewRowId> GetIdGetter() => _input.GetIdGetter();

        protected override bool MoveNextCore()
        {
            while (_input.MoveNext())
            {
                _fill(_row);
                if (!_view._leaveOut(_row)) return true;
            }
            return false;
        }

        protected override Delegate MakeGetter(int column) =>
            (Delegate)Generic.Call(typeof(Cursor), nameof(Forward), Schema[column].Type.RawType, _input, _input.Schema[column]);

        private static ValueGetter<T> Forward<T>(DataViewRow input, DataViewSchema.Column column) => input.GetGetter<T>(column);

        protected override void Dispose(bool disposing)
        {
            if (disposing) _input.Dispose();
            base.Dispose(disposing);
        }
    }
}
