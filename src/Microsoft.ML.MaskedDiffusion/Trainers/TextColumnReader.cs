using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Trainers;

/// <summary>Streams the texts of one column, leaving out rows without any. Each enumeration is one pass over the data; its cursor is disposed with it.</summary>
internal sealed class TextColumnReader(IDataView data, string columnName)
{
    /// <summary>Rows read by the last pass.</summary>
    public long RowCount { get; private set; }

    /// <summary>Of these, rows that were empty or white space.</summary>
    public long EmptyRowCount { get; private set; }

    public IEnumerable<string> Read(CancellationToken cancellationToken)
    {
        RowCount = EmptyRowCount = 0;
        DataViewSchema.Column column = data.Schema[columnName];
        using DataViewRowCursor cursor = data.GetRowCursor([column]);
        ValueGetter<ReadOnlyMemory<char>> getter = cursor.GetGetter<ReadOnlyMemory<char>>(column);
        ReadOnlyMemory<char> text = default;
        while (cursor.MoveNext())
        {
            cancellationToken.ThrowIfCancellationRequested();
            getter(ref text);
            RowCount++;
            if (text.Span.IsWhiteSpace())
                EmptyRowCount++;
            else
                yield return text.ToString();
        }
    }

    /// <summary>Checks that the column is there and is text.</summary>
    public static void Check(DataViewSchema schema, string columnName, string parameterName)
    {
        DataViewSchema.Column column = schema.GetColumnOrNull(columnName) ?? throw Missing(columnName, schema.Select(c => c.Name), parameterName);
        if (column.Type is not TextDataViewType)
            throw Mistyped(columnName, column.Type.ToString(), parameterName);
    }

    /// <inheritdoc cref="Check(DataViewSchema, string, string)"/>
    public static void Check(SchemaShape schema, string columnName, string parameterName)
    {
        SchemaShape.Column? found = null;
        foreach (SchemaShape.Column column in schema)
        {
            if (column.Name == columnName)
                found = column;
        }
        if (found is not { } text)
            throw Missing(columnName, schema.Select(c => c.Name), parameterName);
        if (text.ItemType is not TextDataViewType || text.IsKey || text.Kind != SchemaShape.Column.VectorKind.Scalar)
            throw Mistyped(columnName, text.IsKey ? $"Key<{text.ItemType}>" : text.Kind == SchemaShape.Column.VectorKind.Scalar ? text.ItemType.ToString() : $"Vector<{text.ItemType}>", parameterName);
    }

    private static ArgumentOutOfRangeException Missing(string columnName, IEnumerable<string> present, string parameterName) => new(parameterName,
        $"Schema mismatch for text column '{columnName}': expected String, but there is no such column. Columns: {string.Join(", ", present)}. Set Options.TextColumnName.");

    private static ArgumentOutOfRangeException Mistyped(string columnName, string? actual, string parameterName) => new(parameterName,
        $"Schema mismatch for text column '{columnName}': expected String, got {actual}. Set Options.TextColumnName to a text column, or convert this one.");
}
