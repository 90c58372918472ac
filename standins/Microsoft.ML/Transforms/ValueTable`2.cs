namespace Microsoft.ML.Transforms;

/// <summary>A lookup table; <typeparamref name="TValue"/> is a vector where the mapped column holds vectors.</summary>
internal sealed class ValueTable<TKey, TValue> : ValueTable
{
    private readonly TKey[] _keys;
    private readonly TValue[] _values;
    private readonly Dictionary<TKey, int> _indexOfKey;
    private readonly TValue _missing;

    public ValueTable(PrimitiveDataViewType keyType, DataViewType valueType, DataViewSchema.Annotations annotations, TKey[] keys, TValue[] values)
        : base(keyType, valueType, annotations)
    {
        _keys = keys;
        _values = values;
        _indexOfKey = new Dictionary<TKey, int>(keys.Length, ValueEquality.Of<TKey>());
        for (int i = 0; i < keys.Length; i++)
            if (!_indexOfKey.TryAdd(keys[i], i)) throw new InvalidOperationException($"Multiple values for key '{keys[i]}' are not allowed.");
        // A vector column of known size must keep it for unknown keys too: all slots empty.
        _missing = valueType is VectorDataViewType vector
            ? (TValue)Generic.Call(typeof(ValueTable<TKey, TValue>), nameof(EmptyVector), vector.ItemType.RawType, vector.Size)
            : default;
    }

    private static VBuffer<TItem> EmptyVector<TItem>(int size) => new(size, 0, [], []);

    public override Delegate CreateGetter(DataViewRow row, DataViewSchema.Column column)
    {
        var assign = Assigner();
        if (column.Type is VectorDataViewType) return VectorGetter(row.GetGetter<VBuffer<TKey>>(column));
        var getKey = row.GetGetter<TKey>(column);
        TKey key = default;
        return (ValueGetter<TValue>)((ref TValue target) =>
        {
            getKey(ref key);
            assign(Find(key), ref target);
        });
    }

    private ref readonly TValue Find(TKey key)
    {
        if (_indexOfKey.TryGetValue(key, out int index)) return ref _values[index];
        return ref _missing;
    }

    private ValueGetter<VBuffer<TValue>> VectorGetter(ValueGetter<VBuffer<TKey>> getKeys)
    {
        VBuffer<TKey> keys = default;
        return (ref VBuffer<TValue> target) =>
        {
            getKeys(ref keys);
            var editor = VBufferEditor.Create(ref target, keys.Length);
            int i = 0;
            foreach (var key in keys.DenseValues()) editor.Values[i++] = Find(key);
            target = editor.Commit();
        };
    }

    private delegate void Assign(in TValue source, ref TValue target);

    // A vector's items are copied into the caller's buffer (of texts, only the references); all else is assigned.
    private Assign Assigner() => ValueType is VectorDataViewType vector
        ? (Assign)Generic.Call(typeof(ValueTable<TKey, TValue>), nameof(CreateVectorAssigner), vector.ItemType.RawType)
        : (in TValue source, ref TValue target) => target = source;

    private static object CreateVectorAssigner<TItem>() =>
        (Delegate)(ValueTable<TKey, VBuffer<TItem>>.Assign)((in VBuffer<TItem> source, ref VBuffer<TItem> target) => source.CopyTo(ref target));

    public override void Save(BinaryWriter writer)
    {
        TypeCodec.Write(writer, KeyType);
        TypeCodec.Write(writer, ValueType);
        var labels = new DataViewSchema.Builder();
        labels.AddColumn("Value", ValueType, Annotations);
        SchemaCodec.Write(writer, labels.ToSchema());
        writer.Write(_keys.Length);
        var write = Writer();
        for (int i = 0; i < _keys.Length; i++)
        {
            ValueCodec.Write(writer, _keys[i]);
            write(writer, _values[i]);
        }
    }

    private Action<BinaryWriter, TValue> Writer() => ValueType is VectorDataViewType vector
        ? (Action<BinaryWriter, TValue>)Generic.Call(typeof(ValueTable<TKey, TValue>), nameof(CreateVectorWriter), vector.ItemType.RawType)
        : ValueCodec.Write;

    private static object CreateVectorWriter<TItem>() => (Action<BinaryWriter, VBuffer<TItem>>)ValueCodec.WriteVector;
}
