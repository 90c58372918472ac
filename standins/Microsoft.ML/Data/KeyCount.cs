namespace Microsoft.ML.Data;

/// <summary>The number of categories of a key column; null means as many as its type can count.</summary>
public sealed class KeyCount
{
    public ulong? Count;

    public KeyCount()
    {
    }

    public KeyCount(ulong count)
    {
        if (count == 0)
            throw new ArgumentOutOfRangeException(nameof(count), "Should be positive");
        Count = count;
    }

    /// <summary>The key type these counts and this raw type make.</summary>
    internal static KeyDataViewType TypeOf(Type rawType, KeyCount keyCount) =>
        new(rawType, keyCount?.Count ?? (rawType == typeof(byte) ? byte.MaxValue : rawType == typeof(ushort) ? ushort.MaxValue : rawType == typeof(uint) ? uint.MaxValue : ulong.MaxValue));
}
