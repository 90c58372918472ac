namespace Microsoft.ML.Data;

/// <summary>A category out of <see cref="Count"/>: raw value 0 means missing, 1 is the first category.</summary>
public sealed class KeyDataViewType : PrimitiveDataViewType
{
    public KeyDataViewType(Type type, ulong count)
        : base(type)
    {
        if (count == 0 || MaximumCount(type) < count)
            throw new ArgumentOutOfRangeException(nameof(count), "The cardinality of a " + nameof(KeyDataViewType) + " must not exceed " + type.Name + ".MaxValue and must be strictly positive.");
        Count = count;
    }

    public KeyDataViewType(Type type, int count)
        : this(type, count < 0 ? 0 : (ulong)count)
    {
    }

    public ulong Count { get; }

    /// <summary>Whether keys can be held in this type: one of the unsigned integers.</summary>
    public static bool IsValidDataType(Type type) => type == typeof(byte) || type == typeof(ushort) || type == typeof(uint) || type == typeof(ulong);

    public override bool Equals(DataViewType other) => other is KeyDataViewType key && RawType == key.RawType && Count == key.Count;

    public override bool Equals(object obj) => obj is DataViewType other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(RawType, Count);

    public override string ToString() => FormattableString.Invariant($"Key<{RawType.Name}, 0-{Count - 1}>");

    private static ulong MaximumCount(Type type)
    {
        if (!IsValidDataType(type))
            throw new ArgumentException("Type " + type.Name + " cannot hold keys: expected Byte, UInt16, UInt32 or UInt64.", nameof(type));
        return type == typeof(byte) ? byte.MaxValue : type == typeof(ushort) ? ushort.MaxValue : type == typeof(uint) ? uint.MaxValue : ulong.MaxValue;
    }
}
