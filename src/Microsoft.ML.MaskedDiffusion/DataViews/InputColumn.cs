using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>What an input column holds.</summary>
internal enum ColumnKind
{
    /// <summary>A text.</summary>
    Text,

    /// <summary>A vector of texts.</summary>
    Texts,

    /// <summary>What rows are grouped by: a text, date, truth value, number or key.</summary>
    Group,
}

/// <summary>A column that a computation reads: its role in the computation, its name, and what it holds.</summary>
internal sealed record InputColumn(string Role, string Name, ColumnKind Kind)
{
    public static InputColumn Text(string role, string name) => new(role, name, ColumnKind.Text);

    public static InputColumn Texts(string role, string name) => new(role, name, ColumnKind.Texts);

    public static InputColumn Group(string role, string name) => new(role, name, ColumnKind.Group);

    private string Expected => Kind switch
    {
        ColumnKind.Texts => "Vector<String>",
        ColumnKind.Text => "String",
        _ => "String, DateTime, Boolean, a key or a number",
    };

    /// <summary>Finds the column in a schema.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of another type.</exception>
    public DataViewSchema.Column Find(DataViewSchema schema, string parameterName)
    {
        DataViewSchema.Column? found = schema.GetColumnOrNull(Name);
        if (found is not { } column)
            throw Missing(schema.Where(c => !c.IsHidden).Select(c => c.Name), parameterName);
        bool fits = Kind switch
        {
            ColumnKind.Texts => column.Type is VectorDataViewType { ItemType: TextDataViewType },
            ColumnKind.Text => column.Type is TextDataViewType,
            _ => GroupValues.Fits(column.Type),
        };
        return fits ? column : throw Mistyped(column.Type.ToString()!, parameterName);
    }

    /// <summary>Checks the column in a shape.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of another type.</exception>
    public void Check(SchemaShape shape, string parameterName)
    {
        foreach (SchemaShape.Column column in shape)
        {
            if (column.Name != Name)
                continue;
            bool isVector = column.Kind != SchemaShape.Column.VectorKind.Scalar;
            bool holds = Kind == ColumnKind.Group
                ? column.IsKey || GroupValues.Fits(column.ItemType)
                : !column.IsKey && column.ItemType is TextDataViewType;
            if (!holds || isVector != (Kind == ColumnKind.Texts))
                throw Mistyped(Describe(column), parameterName);
            return;
        }
        throw Missing(shape.Select(c => c.Name), parameterName);
    }

    /// <summary>A reader of this text column's current value; a missing text reads as empty.</summary>
    public Func<string> BindText(DataViewRow row)
    {
        ValueGetter<ReadOnlyMemory<char>> getter = row.GetGetter<ReadOnlyMemory<char>>(Find(row.Schema, nameof(row)));
        ReadOnlyMemory<char> value = default;
        return () =>
        {
            getter(ref value);
            return value.ToString();
        };
    }

    /// <summary>A reader of this vector column's current values; what a sparse vector leaves out reads as empty.</summary>
    public Func<string[]> BindTexts(DataViewRow row)
    {
        ValueGetter<VBuffer<ReadOnlyMemory<char>>> getter = row.GetGetter<VBuffer<ReadOnlyMemory<char>>>(Find(row.Schema, nameof(row)));
        VBuffer<ReadOnlyMemory<char>> value = default;
        return () =>
        {
            getter(ref value);
            return [.. value.DenseValues().Select(text => text.ToString())];
        };
    }

    /// <summary>A reader of this group column's current value as a text.</summary>
    public Func<string> BindGroup(DataViewRow row) => GroupValues.Bind(row, Find(row.Schema, nameof(row)));

    private static string Describe(SchemaShape.Column column)
    {
        string item = column.IsKey ? $"Key<{column.ItemType}>" : column.ItemType.ToString()!;
        return column.Kind switch
        {
            SchemaShape.Column.VectorKind.Scalar => item,
            SchemaShape.Column.VectorKind.Vector => $"Vector<{item}>",
            _ => $"VarVector<{item}>",
        };
    }

    private ArgumentOutOfRangeException Missing(IEnumerable<string> present, string parameterName) => new(parameterName,
        $"Schema mismatch for {Role} column '{Name}': expected {Expected}, but there is no such column. "
        + $"The columns are: {string.Join(", ", present)}.");

    private ArgumentOutOfRangeException Mistyped(string actual, string parameterName) => new(parameterName,
        $"Schema mismatch for {Role} column '{Name}': expected {Expected}, got {actual}. Name another column, or convert this one first.");
}
