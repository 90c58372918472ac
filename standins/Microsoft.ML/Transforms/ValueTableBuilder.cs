namespace Microsoft.ML.Transforms;

/// <summary>Turns lists of pairs, or two columns of a view, into lookup tables.</summary>
internal static class ValueTableBuilder
{
    public static ValueTable FromPairs<TIn, TOut>(IEnumerable<KeyValuePair<TIn, TOut>> pairs, bool treatValuesAsKeyType)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        var list = pairs.ToArray();
        var keyType = DataViewTypes.PrimitiveOf(typeof(TIn));
        var valueType = DataViewTypes.PrimitiveOf(typeof(TOut));
        var keys = Array.ConvertAll(list, p => p.Key);
        var values = Array.ConvertAll(list, p => p.Value);
        return (ValueTable)Generic.Call(typeof(ValueTableBuilder), treatValuesAsKeyType ? nameof(WithKeys) : nameof(WithScalars),
            [keyType.RawType, valueType.RawType], keyType, valueType, ToRaw(keys), ToRaw(values));
    }

    public static ValueTable FromPairs<TIn, TOut>(IEnumerable<KeyValuePair<TIn, TOut[]>> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        var list = pairs.ToArray();
        var keyType = DataViewTypes.PrimitiveOf(typeof(TIn));
        var itemType = DataViewTypes.PrimitiveOf(typeof(TOut));
        return (ValueTable)Generic.Call(typeof(ValueTableBuilder), nameof(WithVectors), [keyType.RawType, itemType.RawType],
            keyType, itemType, ToRaw(Array.ConvertAll(list, p => p.Key)), Array.ConvertAll(list, p => ToRaw(p.Value)));
    }

    public static ValueTable FromView(IDataView map, DataViewSchema.Column key, DataViewSchema.Column value)
    {
        ArgumentNullException.ThrowIfNull(map);
        if (key.Type is not PrimitiveDataViewType) throw SchemaErrors.Mismatch("lookupMap", "key", key.Name, "a scalar", key.Type.ToString());
        return (ValueTable)Generic.Call(typeof(ValueTableBuilder), value.Type is VectorDataViewType ? nameof(ReadVectors) : nameof(ReadScalars),
            [key.Type.RawType, Generic.ItemRawType(value.Type)], map, key, value);
    }

    // Strings become texts over the same characters; nothing is copied.
    private static Array ToRaw<T>(T[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values is string[] texts ? Array.ConvertAll(texts, text => text.AsMemory()) : values;
    }

    private static ValueTable WithScalars<TKey, TValue>(PrimitiveDataViewType keyType, PrimitiveDataViewType valueType, TKey[] keys, TValue[] values) =>
        new ValueTable<TKey, TValue>(keyType, valueType, null, keys, values);

    private static ValueTable WithVectors<TKey, TItem>(PrimitiveDataViewType keyType, PrimitiveDataViewType itemType, TKey[] keys, Array[] values)
    {
        var vectors = Array.ConvertAll(values, v => new VBuffer<TItem>(v.Length, (TItem[])v));
        // Known size only where all agree.
        int size = vectors.Length > 0 && vectors.All(v => v.Length == vectors[0].Length) ? vectors[0].Length : 0;
        return new ValueTable<TKey, VBuffer<TItem>>(keyType, new VectorDataViewType(itemType, size), null, keys, vectors);
    }

    // Numbers that can be keys are taken as they are; other values are numbered by first occurrence and named in the annotation.
    private static ValueTable WithKeys<TKey, TValue>(PrimitiveDataViewType keyType, PrimitiveDataViewType valueType, TKey[] keys, TValue[] values)
    {
        if (values is uint[] or ulong[])
        {
            ulong max = values.Length == 0 ? 1 : values.Max(v => Convert.ToUInt64(v, System.Globalization.CultureInfo.InvariantCulture));
            return new ValueTable<TKey, TValue>(keyType, new KeyDataViewType(typeof(TValue), Math.Max(1, max)), null, keys, values);
        }
        var numbers = new Dictionary<TValue, uint>(ValueEquality.Of<TValue>());
        var order = new List<TValue>();
        var mapped = new uint[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            if (!numbers.TryGetValue(values[i], out mapped[i]))
            {
                order.Add(values[i]);
                numbers[values[i]] = mapped[i] = (uint)order.Count;
            }
        }
        return new ValueTable<TKey, uint>(keyType, new KeyDataViewType(typeof(uint), Math.Max(1, order.Count)), KeyValues.Annotate(valueType, order.ToArray()), keys, mapped);
    }

    private static ValueTable ReadScalars<TKey, TValue>(IDataView map, DataViewSchema.Column key, DataViewSchema.Column value)
    {
        var (keys, values) = Read<TKey, TValue>(map, key, value);
        return new ValueTable<TKey, TValue>((PrimitiveDataViewType)key.Type, value.Type, value.Annotations, keys, values);
    }

    private static ValueTable ReadVectors<TKey, TItem>(IDataView map, DataViewSchema.Column key, DataViewSchema.Column value)
    {
        var (keys, values) = Read<TKey, VBuffer<TItem>>(map, key, value);
        return new ValueTable<TKey, VBuffer<TItem>>((PrimitiveDataViewType)key.Type, value.Type, value.Annotations, keys, values);
    }

    private static (TKey[] Keys, TValue[] Values) Read<TKey, TValue>(IDataView map, DataViewSchema.Column key, DataViewSchema.Column value)
    {
        var keys = new List<TKey>();
        var values = new List<TValue>();
        using var cursor = map.GetRowCursor([key, value]);
        var getKey = cursor.GetGetter<TKey>(key);
        var getValue = cursor.GetGetter<TValue>(value);
        while (cursor.MoveNext())
        {
            // Fresh variables each row: a vector's buffer must not be shared between the pairs.
            TKey k = default;
            TValue v = default;
            getKey(ref k);
            getValue(ref v);
            keys.Add(k);
            values.Add(v);
        }
        return ([.. keys], [.. values]);
    }
}
