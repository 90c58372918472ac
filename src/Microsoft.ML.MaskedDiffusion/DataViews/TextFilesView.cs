using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Corpora.Documents;

namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>
/// One text column over files, with one document in each row. A cursor opens the files one after another, so a view costs nothing until it
/// is read.
/// </summary>
internal sealed class TextFilesView : IDataView
{
    private readonly TextFiles _files;

    public TextFilesView(TextFilesOptions options)
    {
        _files = new TextFiles(options);
        var schema = new DataViewSchema.Builder();
        schema.AddColumn(options.ColumnName, TextDataViewType.Instance);
        Schema = schema.ToSchema();
    }

    /// <summary>False: the files are read in order. Training shuffles the tokens instead.</summary>
    public bool CanShuffle => false;

    public DataViewSchema Schema { get; }

    /// <summary>Null: only reading all files would tell.</summary>
    public long? GetRowCount() => null;

    /// <summary>What tells this corpus from another one without reading it.</summary>
    public string Describe() => _files.Describe();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) =>
        new Cursor(Schema, new ActiveColumns(Schema, columnsNeeded), _files.Read().GetEnumerator());

    /// <summary>One cursor: the order of the documents is that of the files.</summary>
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor(DataViewSchema schema, ActiveColumns active, IEnumerator<string> documents) : OrderedCursor(schema)
    {
        public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            active.Require<TValue>(column);
            ValueGetter<ReadOnlyMemory<char>> getter = (ref ReadOnlyMemory<char> text) => text = documents.Current.AsMemory();
            return (ValueGetter<TValue>)(Delegate)getter;
        }

        protected override bool MoveTo(long row) => documents.MoveNext();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                documents.Dispose();
            base.Dispose(disposing);
        }
    }
}
