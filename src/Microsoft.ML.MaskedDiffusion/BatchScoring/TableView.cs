using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;
using Microsoft.ML.MaskedDiffusion.DataViews;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring;

/// <summary>The columns of a CSV or TSV file as texts. Only the header is read before a cursor reads rows, one at a time.</summary>
internal sealed class TableView : IDataView
{
    private readonly TableOptions _options;

    public TableView(TableOptions options)
    {
        _options = options.Clone();
        _options.Check();
        if (!File.Exists(_options.Path))
        {
            string what = Directory.Exists(_options.Path) ? "is a folder, and a table is a file" : "does not exist";
            throw new FileNotFoundException($"The table {_options.Path} {what}. Option Path names it.", _options.Path);
        }
        using CsvSource source = _options.Open();
        var schema = new DataViewSchema.Builder();
        foreach (string name in source.Fields)
            schema.AddColumn(name, TextDataViewType.Instance);
        Schema = schema.ToSchema();
    }

    /// <summary>False: the file is read in order. Training shuffles the tokens instead.</summary>
    public bool CanShuffle => false;

    public DataViewSchema Schema { get; }

    /// <summary>Null: only reading the file would tell.</summary>
    public long? GetRowCount() => null;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) =>
        new Cursor(Schema, new ActiveColumns(Schema, columnsNeeded), _options);

    /// <summary>One cursor: the order of the rows is that of the file.</summary>
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor(DataViewSchema schema, ActiveColumns active, TableOptions options) : OrderedCursor(schema)
    {
        private readonly CsvSource _source = options.Open();
        private IReadOnlyList<FieldValue> _values = [];

        public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            int index = active.Require<TValue>(column);
            ValueGetter<ReadOnlyMemory<char>> getter = (ref ReadOnlyMemory<char> text) => text = _values[index].Content.AsMemory();
            return (ValueGetter<TValue>)(Delegate)getter;
        }

        protected override bool MoveTo(long row)
        {
            if (_source.Read() is not { } read)
                return false;
            if (read.Fault is { } fault)
                throw new InvalidDataException($"{options.Path}, line {read.Line}: {fault}.");
            _values = read.Values;
            return true;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _source.Dispose();
            base.Dispose(disposing);
        }
    }
}
