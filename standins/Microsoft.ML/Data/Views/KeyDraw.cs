using System.Numerics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Data;

/// <summary>Draws in [0, 1) that depend on a column's value alone, so that equal values stay together.</summary>
internal static class KeyDraw
{
    internal static Func<double> Create(DataViewRow row, DataViewSchema.Column column, int seed)
    {
        if (column.Type is VectorDataViewType)
            throw new ArgumentOutOfRangeException(nameof(column), $"The sampling key column '{column.Name}' is of type {column.Type}: a vector cannot be a sampling key.");
        if (column.Type is TextDataViewType)
            return OfText(row.GetGetter<ReadOnlyMemory<char>>(column), seed);
        var method = typeof(KeyDraw).GetMethod(nameof(OfValue), BindingFlags.NonPublic | BindingFlags.Static).MakeGenericMethod(column.Type.RawType);
        return (Func<double>)method.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [row, column, seed], null);
    }

    private static Func<double> OfText(ValueGetter<ReadOnlyMemory<char>> read, int seed)
    {
        ReadOnlyMemory<char> value = default;
        return () =>
        {
            read(ref value);
            return Draw(MemoryMarshal.AsBytes(value.Span), seed);
        };
    }

    private static Func<double> OfValue<T>(DataViewRow row, DataViewSchema.Column column, int seed)
        where T : unmanaged
    {
        var read = row.GetGetter<T>(column);
        T value = default;
        return () =>
        {
            read(ref value);
            return Draw(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)), seed);
        };
    }

    private static double Draw(ReadOnlySpan<byte> value, int seed)
    {
        var hash = 0xCBF29CE484222325 ^ (uint)seed;
        foreach (var b in value)
            hash = (hash ^ b) * 0x100000001B3;
        hash ^= hash >> 32;
        hash = BitOperations.RotateLeft(hash * 0x9E3779B97F4A7C15, 31) * 0xD6E8FEB86659FD93;
        hash ^= hash >> 32;
        return (hash >> 11) * (1.0 / (1UL << 53));
    }
}
