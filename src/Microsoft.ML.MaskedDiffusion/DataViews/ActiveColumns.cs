
namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>Which columns of a schema were asked for.</summary>
internal sealed class ActiveColumns
{
    private readonly DataViewSchema _schema;
    private readonly bool[] _active;

    public ActiveColumns(DataViewSchema schema, IEnumerable<DataViewSchema.Column> needed)
    {
        ArgumentNullException.ThrowIfNull(needed);
        _schema = schema;
        _active = new bool[schema.Count];
        foreach (DataViewSchema.Column column in needed)
            _active[Index(column)] = true;
    }

    public bool this[int index] => _active[index];

    public bool Contains(DataViewSchema.Column column) => _active[Index(column)];

    /// <summary>Whether any column from <paramref name="start"/> on is active.</summary>
    public bool AnyFrom(int start) => Array.IndexOf(_active, true, start) >= 0;

    /// <summary>The index of an active column whose values are <typeparamref name="TValue"/>.</summary>
    public int Require<TValue>(DataViewSchema.Column column)
    {
        int index = Index(column);
        if (!_active[index])
        {
            throw new ArgumentOutOfRangeException(
                nameof(column), $"Column '{column.Name}' is not active: name it among the columns needed.");
        }
        Type expected = _schema[index].Type.RawType;
        if (expected != typeof(TValue))
            throw new InvalidOperationException($"The values of column '{column.Name}' are {expected}, not {typeof(TValue)}.");
        return index;
    }

    private int Index(DataViewSchema.Column column)
    {
        int index = column.Index;
        if (index < 0 || index >= _schema.Count || _schema[index].Name != column.Name)
            throw new ArgumentOutOfRangeException(nameof(column), $"Column '{column.Name}' ({index}) is not of this schema.");
        return index;
    }
}
