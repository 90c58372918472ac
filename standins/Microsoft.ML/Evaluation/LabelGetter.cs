namespace Microsoft.ML.Data;

/// <summary>Reads a label as a class number from 0; a missing one as not-a-number.</summary>
internal static class LabelGetter
{
    public static Func<float> Create(DataViewRow row, DataViewSchema.Column label)
    {
        switch (label.Type)
        {
            case KeyDataViewType key when key.RawType == typeof(byte): return Read<byte>(row, label, k => FromKey(k));
            case KeyDataViewType key when key.RawType == typeof(ushort): return Read<ushort>(row, label, k => FromKey(k));
            case KeyDataViewType key when key.RawType == typeof(uint): return Read<uint>(row, label, k => FromKey(k));
            case KeyDataViewType: return Read<ulong>(row, label, k => FromKey(k));
            case NumberDataViewType when label.Type.RawType == typeof(float): return Read<float>(row, label, value => value);
            case NumberDataViewType when label.Type.RawType == typeof(double): return Read<double>(row, label, value => (float)value);
            default: throw SchemaErrors.Mismatch("schema", "label", label.Name, "Single, Double, or Key", label.Type.ToString());
        }
    }

    // Keys count from 1; 0 is the missing key.
    private static float FromKey(ulong key) => key == 0 ? float.NaN : key - 1;

    private static Func<float> Read<T>(DataViewRow row, DataViewSchema.Column label, Func<T, float> convert)
    {
        var getter = row.GetGetter<T>(label);
        T value = default;
        return () =>
        {
            getter(ref value);
            return convert(value);
        };
    }
}
