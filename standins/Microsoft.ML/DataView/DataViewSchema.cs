using System.Collections;

namespace Microsoft.ML;

/// <summary>The columns of a data view: names, types, annotations. A later column hides an earlier one of the same name.</summary>
public sealed partial class DataViewSchema : IReadOnlyList<DataViewSchema.Column>
{
    private readonly Column[] _columns;
    private readonly Dictionary<string, int> _indexOfName;

    private DataViewSchema(IReadOnlyList<DetachedColumn> columns)
    {
        _indexOfName = new Dictionary<string, int>(columns.Count, StringComparer.Ordinal);
        for (var i = 0; i < columns.Count; i++)
            _indexOfName[columns[i].Name] = i;
        _columns = new Column[columns.Count];
        for (var i = 0; i < _columns.Length; i++)
            _columns[i] = new Column(columns[i].Name, i, _indexOfName[columns[i].Name] != i, columns[i].Type, columns[i].Annotations);
    }

    public int Count => _columns.Length;

    public Column this[string name]
    {
        get
        {
            ThrowIfNullOrEmpty(name);
            if (!_indexOfName.TryGetValue(name, out var index))
                throw new ArgumentOutOfRangeException(nameof(name), $"Column '{name}' not found");
            return _columns[index];
        }
    }

    public Column this[int columnIndex]
    {
        get
        {
            if ((uint)columnIndex >= (uint)_columns.Length)
                throw new ArgumentOutOfRangeException(nameof(columnIndex));
            return _columns[columnIndex];
        }
    }

    public Column? GetColumnOrNull(string name)
    {
        ThrowIfNullOrEmpty(name);
        return _indexOfName.TryGetValue(name, out var index) ? _columns[index] : null;
    }

    public IEnumerator<Column> GetEnumerator() => ((IEnumerable<Column>)_columns).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => Count + " columns";

    private static void ThrowIfNullOrEmpty(string name)
    {
        if (string.IsNullOrEmpty(name))
            throw new ArgumentNullException(nameof(name));
    }
}
