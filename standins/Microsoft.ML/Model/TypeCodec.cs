namespace Microsoft.ML.Data;

/// <summary>Binary form of column types.</summary>
internal static class TypeCodec
{
    private const byte Key = 100, Vector = 101;

    // The position in this list is what a saved model holds: only append.
    private static readonly PrimitiveDataViewType[] _simple =
    [
        NumberDataViewType.SByte, NumberDataViewType.Byte, NumberDataViewType.Int16, NumberDataViewType.UInt16, NumberDataViewType.Int32,
        NumberDataViewType.UInt32, NumberDataViewType.Int64, NumberDataViewType.UInt64, NumberDataViewType.Single, NumberDataViewType.Double,
        TextDataViewType.Instance, BooleanDataViewType.Instance, TimeSpanDataViewType.Instance, DateTimeDataViewType.Instance,
        DateTimeOffsetDataViewType.Instance, RowIdDataViewType.Instance,
    ];

    public static bool CanWrite(DataViewType type) => type switch
    {
        KeyDataViewType => true,
        VectorDataViewType vector => CanWrite(vector.ItemType),
        _ => Array.IndexOf(_simple, type) >= 0,
    };

    public static void Write(BinaryWriter writer, DataViewType type)
    {
        switch (type)
        {
            case KeyDataViewType key:
                writer.Write(Key);
                writer.Write((byte)Array.FindIndex(_simple, t => t.RawType == key.RawType));
                writer.Write(key.Count);
                break;
            case VectorDataViewType vector:
                writer.Write(Vector);
                Write(writer, vector.ItemType);
                writer.Write(vector.Dimensions.Length);
                foreach (int dimension in vector.Dimensions) writer.Write(dimension);
                break;
            default:
                int code = Array.IndexOf(_simple, type);
                if (code < 0) throw new InvalidOperationException($"A column of type {type} cannot be saved.");
                writer.Write((byte)code);
                break;
        }
    }

    public static DataViewType Read(BinaryReader reader)
    {
        byte code = reader.ReadByte();
        if (code < _simple.Length) return _simple[code];
        try
        {
            if (code == Key) return new KeyDataViewType(_simple[reader.ReadByte()].RawType, reader.ReadUInt64());
            if (code == Vector && Read(reader) is PrimitiveDataViewType item)
            {
                var dimensions = new int[Math.Clamp(reader.ReadInt32(), 1, 16)];
                for (int i = 0; i < dimensions.Length; i++) dimensions[i] = reader.ReadInt32();
                return new VectorDataViewType(item, dimensions);
            }
        }
        catch (Exception e) when (e is ArgumentException or IndexOutOfRangeException)
        {
            throw new InvalidDataException("A stored column type is out of range.", e);
        }
        throw new InvalidDataException($"Unknown column type {code}.");
    }
}
