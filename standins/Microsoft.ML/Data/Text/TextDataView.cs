using System.Reflection;

namespace Microsoft.ML.Data;

/// <summary>A view over text files, read anew by every cursor.</summary>
internal sealed class TextDataView(IMultiStreamSource source, TextLoader.Options options, TextColumn[] columns, DataViewSchema schema) : IDataView
{
    public bool CanShuffle => false;

    public DataViewSchema Schema { get; } = schema;

    public long? GetRowCount() => null;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        ArgumentNullException.ThrowIfNull(columnsNeeded);
        return new Cursor(this, [.. columnsNeeded]);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    private IEnumerable<(long Number, string Text)> Lines()
    {
        for (var i = 0; i < source.Count; i++)
        {
            using var reader = source.OpenTextReader(i);
            foreach (var line in TextLineReader.Read(reader, options, out _))
                yield return line;
        }
    }

    private sealed class Cursor : RowCursorBase
    {
        private readonly TextDataView _parent;
        private readonly TextFieldSplitter _fields;
        private readonly IEnumerator<(long Number, string Text)> _lines;
        private readonly TextLoader.Options _options;
        private readonly TextColumn[] _columns;
        private readonly int _needed;
        private int _width;

        internal Cursor(TextDataView parent, DataViewSchema.Column[] columnsNeeded)
            : base(parent.Schema, columnsNeeded)
        {
            _parent = parent;
            (_options, _columns) = parent.Parts;
            _fields = new TextFieldSplitter(_options);
            _lines = parent.Lines().GetEnumerator();
            _needed = columnsNeeded.Select(c => _columns[c.Index].Needed).DefaultIfEmpty().Max();
        }

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) =>
        {
            CheckOnRow();
            id = new DataViewRowId((ulong)Position, 0);
        };

        protected override bool MoveNextCore()
        {
            if (Position + 1 >= (_options.MaxRows ?? long.MaxValue) || !_lines.MoveNext())
                return false;
            _width = _fields.Split(_lines.Current.Text, _needed);
            return true;
        }

        protected override Delegate MakeGetter(int column)
        {
            var item = (PrimitiveDataViewType)DataViewTypes.ItemType(_columns[column].Type);
            var method = _columns[column].Type is VectorDataViewType ? nameof(Vector) : nameof(Scalar);
            return (Delegate)typeof(Cursor).GetMethod(method, BindingFlags.NonPublic | BindingFlags.Instance).MakeGenericMethod(item.RawType)
                .Invoke(this, BindingFlags.DoNotWrapExceptions, null, [_columns[column], FieldParsers.Create(item, _options.DecimalMarker)], null);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _lines.Dispose();
            base.Dispose(disposing);
        }

        private ValueGetter<T> Scalar<T>(TextColumn column, FieldParser<T> parse)
        {
            var place = column.Segments[0].Min;
            var missing = Missing<T>();
            return (ref T value) =>
            {
                CheckOnRow();
                Read(place, column, parse, missing, out value);
            };
        }

        private ValueGetter<VBuffer<T>> Vector<T>(TextColumn column, FieldParser<T> parse)
        {
            var missing = Missing<T>();
            return (ref VBuffer<T> value) =>
            {
                CheckOnRow();
                var size = 0;
                foreach (var (min, length) in column.Segments)
                    size += length ?? Math.Max(0, _width - min);
                var editor = VBufferEditor.Create(ref value, size);
                var slot = 0;
                foreach (var (min, length) in column.Segments)
                {
                    var end = min + (length ?? Math.Max(0, _width - min));
                    for (var place = min; place < end; place++)
                        Read(place, column, parse, missing, out editor.Values[slot++]);
                }
                value = editor.Commit();
            };
        }

        private void Read<T>(int place, TextColumn column, FieldParser<T> parse, T missing, out T value)
        {
            var field = _fields[place];
            if (field.IsEmpty)
                value = missing;
            else if (!parse(field, out value))
                throw new FormatException($"Could not parse value {field} in line {_lines.Current.Number}, column {column.Name}");
        }

        private T Missing<T>()
        {
            if (!_options.MissingRealsAsNaNs)
                return default;
            return typeof(T) == typeof(float) ? (T)(object)float.NaN : typeof(T) == typeof(double) ? (T)(object)double.NaN : default;
        }
    }

    private (TextLoader.Options Options, TextColumn[] Columns) Parts => (options, columns);
}
