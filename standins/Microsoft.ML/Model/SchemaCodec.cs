using Microsoft.ML.Transforms;

namespace Microsoft.ML.Data;

/// <summary>Binary form of a schema: names, types and those annotations whose values can be stored.</summary>
internal static class SchemaCodec
{
    public static void Write(BinaryWriter writer, DataViewSchema schema)
    {
        var columns = schema.Where(c => !c.IsHidden && TypeCodec.CanWrite(c.Type)).ToList();
        writer.Write(columns.Count);
        foreach (var column in columns)
        {
            writer.Write(column.Name);
            TypeCodec.Write(writer, column.Type);
            var annotations = column.Annotations.Schema.Where(a => TypeCodec.CanWrite(a.Type)).ToList();
            writer.Write(annotations.Count);
            foreach (var annotation in annotations)
            {
                writer.Write(annotation.Name);
                TypeCodec.Write(writer, annotation.Type);
                Generic.Call(typeof(SchemaCodec), nameof(WriteAnnotation), Generic.ItemRawType(annotation.Type), writer, column.Annotations, annotation);
            }
        }
    }

    public static DataViewSchema Read(BinaryReader reader)
    {
        var builder = new DataViewSchema.Builder();
        for (int columns = reader.ReadInt32(); columns > 0; columns--)
        {
            string name = reader.ReadString();
            var type = TypeCodec.Read(reader);
            var annotations = new DataViewSchema.Annotations.Builder();
            for (int count = reader.ReadInt32(); count > 0; count--)
            {
                string kind = reader.ReadString();
                var kindType = TypeCodec.Read(reader);
                Generic.Call(typeof(SchemaCodec), nameof(ReadAnnotation), Generic.ItemRawType(kindType), reader, annotations, kind, kindType);
            }
            builder.AddColumn(name, type, annotations.ToAnnotations());
        }
        return builder.ToSchema();
    }

    private static void WriteAnnotation<T>(BinaryWriter writer, DataViewSchema.Annotations annotations, DataViewSchema.Column column)
    {
        if (column.Type is VectorDataViewType)
        {
            VBuffer<T> vector = default;
            annotations.GetValue(column.Name, ref vector);
            ValueCodec.WriteVector(writer, vector);
            return;
        }
        T value = default;
        annotations.GetValue(column.Name, ref value);
        ValueCodec.Write(writer, value);
    }

    private static void ReadAnnotation<T>(BinaryReader reader, DataViewSchema.Annotations.Builder annotations, string kind, DataViewType type)
    {
        if (type is VectorDataViewType)
        {
            var vector = ValueCodec.ReadVector<T>(reader);
            annotations.Add(kind, type, (ref VBuffer<T> target) => vector.CopyTo(ref target));
            return;
        }
        var value = ValueCodec.Read<T>(reader);
        annotations.Add(kind, type, (ref T target) => target = value);
    }
}
