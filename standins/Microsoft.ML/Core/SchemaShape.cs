using System.Collections;

namespace Microsoft.ML;

/// <summary>What estimators promise of a schema: names, kinds and item types, but no sizes.</summary>
public sealed partial class SchemaShape : IReadOnlyList<SchemaShape.Column>
{
    private static readonly SchemaShape Empty = new([]);

    private readonly Column[] _columns;

    public SchemaShape(IEnumerable<Column> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        _columns = [.. columns];
        if (!_columns.All(column => column.IsValid))
            throw new ArgumentException("Some items are not initialized properly.", nameof(columns));
    }

    public int Count => _columns.Length;

    public Column this[int index] => _columns[index];

    public IEnumerator<Column> GetEnumerator() => ((IEnumerable<Column>)_columns).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The shape of a schema's visible columns.</summary>
    internal static SchemaShape Create(DataViewSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return new SchemaShape(schema.Where(column => !column.IsHidden).Select(column =>
        {
            var annotations = column.Annotations.Schema.Count == 0 ? Empty : Create(column.Annotations.Schema);
            return Column.Of(column.Name, column.Type, annotations);
        }));
    }

    internal bool TryFindColumn(string name, out Column column)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        column = _columns.FirstOrDefault(c => c.Name == name);
        return column.IsValid;
    }
}
