namespace Microsoft.ML.Data;

/// <summary>Reads single columns.</summary>
public static class ColumnCursorExtensions
{
    public static IEnumerable<T> GetColumn<T>(this IDataView data, string columnName)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentException.ThrowIfNullOrEmpty(columnName);
        return GetColumn<T>(data, data.Schema.GetColumnOrNull(columnName) ?? throw SchemaErrors.Missing(nameof(columnName), "input", columnName));
    }

    /// <summary>A column's values as they are held, texts also as strings, vectors also as arrays.</summary>
    public static IEnumerable<T> GetColumn<T>(this IDataView data, DataViewSchema.Column column)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (column.Type.RawType != typeof(T) && !TypedColumn.Holds(typeof(T), column.Type))
            throw new ArgumentOutOfRangeException(nameof(column), $"Could not map a data view column '{column.Name}' of type {column.Type} to {typeof(T)}.");
        return column.Type.RawType == typeof(T) ? Raw<T>(data, column) : Converted<T>(data, column);
    }

    private static IEnumerable<T> Raw<T>(IDataView data, DataViewSchema.Column column)
    {
        using var cursor = data.GetRowCursor([column]);
        var read = cursor.GetGetter<T>(column);
        while (cursor.MoveNext())
        {
            // Each value its own buffers: the caller may keep it.
            T value = default;
            read(ref value);
            yield return value;
        }
    }

    private static IEnumerable<T> Converted<T>(IDataView data, DataViewSchema.Column column)
    {
        var definition = SchemaDefinition.Create(typeof(Holder<T>), SchemaDefinition.Direction.Write);
        definition[0].ColumnName = column.Name;
        var filler = new RowFiller<Holder<T>>(data.Schema, false, definition);
        using var cursor = data.GetRowCursor([column]);
        var fill = filler.Bind(cursor);
        var holder = new Holder<T>();
        while (cursor.MoveNext())
        {
            fill(holder);
            yield return holder.Value;
        }
    }

    private sealed class Holder<T>
    {
        public T Value { get; set; }
    }
}
