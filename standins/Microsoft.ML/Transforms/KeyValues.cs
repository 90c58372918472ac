namespace Microsoft.ML.Transforms;

/// <summary>The annotation that names what each key stands for.</summary>
internal static class KeyValues
{
    public const string Kind = "KeyValues";

    public static DataViewSchema.Annotations Annotate<T>(PrimitiveDataViewType type, T[] values)
    {
        var builder = new DataViewSchema.Annotations.Builder();
        if (values.Length > 0)
            builder.Add(Kind, new VectorDataViewType(type, values.Length), (ref VBuffer<T> target) => VBuffer<T>.Copy(values, 0, ref target, values.Length));
        return builder.ToAnnotations();
    }

    /// <summary>The type of the annotation's items, or null where the column has none.</summary>
    public static PrimitiveDataViewType TypeOrNull(DataViewSchema.Column column) =>
        (column.Annotations.Schema.GetColumnOrNull(Kind)?.Type as VectorDataViewType)?.ItemType;
}
