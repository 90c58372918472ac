namespace Microsoft.ML.Transforms;

/// <summary>Which columns of a schema were asked for.</summary>
internal sealed class ActiveColumns
{
    private readonly bool[] _active;

    public ActiveColumns(DataViewSchema schema, IEnumerable<DataViewSchema.Column> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        Schema = schema;
        _active = new bool[schema.Count];
        foreach (var column in columns) _active[RowMapping.CheckColumn(column, schema)] = true;
    }

    public DataViewSchema Schema { get; }

    public bool this[int index] => _active[index];

    public IEnumerable<DataViewSchema.Column> Columns => Schema.Where(c => _active[c.Index]);
}
