namespace Microsoft.ML.Transforms;

/// <summary>The lookup table of a value mapping, with its key and value types.</summary>
internal abstract class ValueTable
{
    protected ValueTable(PrimitiveDataViewType keyType, DataViewType valueType, DataViewSchema.Annotations annotations)
    {
        KeyType = keyType;
        ValueType = valueType;
        Annotations = annotations ?? DataViewSchema.Annotations.Empty;
    }

    public PrimitiveDataViewType KeyType { get; }

    public DataViewType ValueType { get; }

    /// <summary>Of the mapped column: the texts behind keys, where values are treated as keys.</summary>
    public DataViewSchema.Annotations Annotations { get; }

    public abstract Delegate CreateGetter(DataViewRow row, DataViewSchema.Column column);

    public abstract void Save(BinaryWriter writer);

    public DataViewType OutputType(DataViewSchema.Column input)
    {
        var item = DataViewTypes.ItemType(input.Type);
        if (item.RawType != KeyType.RawType || (item is KeyDataViewType) != (KeyType is KeyDataViewType))
            throw SchemaErrors.Mismatch("inputSchema", "input", input.Name, KeyType.ToString(), input.Type.ToString());
        if (input.Type is not VectorDataViewType vector) return ValueType;
        return ValueType is PrimitiveDataViewType value
            ? new VectorDataViewType(value, vector.Dimensions)
            : throw SchemaErrors.Mismatch("inputSchema", "input", input.Name, "a scalar, as the values are vectors", input.Type.ToString());
    }

    public static ValueTable Load(BinaryReader reader)
    {
        if (TypeCodec.Read(reader) is not PrimitiveDataViewType key) throw new InvalidDataException("The keys of a value mapping cannot be vectors.");
        var value = TypeCodec.Read(reader);
        var labels = SchemaCodec.Read(reader);
        return (ValueTable)Generic.Call(typeof(ValueTable), nameof(LoadTyped), [key.RawType, Generic.ItemRawType(value)], reader, key, value, labels[0].Annotations);
    }

    private static ValueTable LoadTyped<TKey, TItem>(BinaryReader reader, PrimitiveDataViewType key, DataViewType value, DataViewSchema.Annotations annotations)
    {
        int count = reader.ReadCount("pairs");
        bool vectors = value is VectorDataViewType;
        var keys = new TKey[count];
        var vectorValues = new VBuffer<TItem>[vectors ? count : 0];
        var values = new TItem[vectors ? 0 : count];
        for (int i = 0; i < count; i++)
        {
            keys[i] = ValueCodec.Read<TKey>(reader);
            if (vectors) vectorValues[i] = ValueCodec.ReadVector<TItem>(reader);
            else values[i] = ValueCodec.Read<TItem>(reader);
        }
        try
        {
            return vectors
                ? new ValueTable<TKey, VBuffer<TItem>>(key, value, annotations, keys, vectorValues)
                : new ValueTable<TKey, TItem>(key, value, annotations, keys, values);
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException("The saved value mapping is contradictory.", e);
        }
    }
}
