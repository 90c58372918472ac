using System.Runtime.InteropServices;

namespace Microsoft.ML.Data;

/// <summary>A 128-bit id that stays with a row wherever it goes.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct DataViewRowId : IComparable<DataViewRowId>, IEquatable<DataViewRowId>
{
    public readonly ulong Low;

    public readonly ulong High;

    public DataViewRowId(ulong low, ulong high)
    {
        Low = low;
        High = high;
    }

    public static bool operator ==(DataViewRowId first, DataViewRowId second) => first.Equals(second);

    public static bool operator !=(DataViewRowId first, DataViewRowId second) => !first.Equals(second);

    /// <summary>The id of the first of the rows made out of this one; the others follow by <see cref="Next"/>.</summary>
    public DataViewRowId Fork() => Absorb(this, 0x9E3779B97F4A7C15, 0);

    public DataViewRowId Next() => Absorb(this, 0xD1B54A32D192ED03, 1);

    /// <summary>The id of a row made out of two; the order counts.</summary>
    public DataViewRowId Combine(DataViewRowId other) => Absorb(this, other.Low, other.High ^ 0x2545F4914F6CDD1D);

    public int CompareTo(DataViewRowId other)
    {
        var high = High.CompareTo(other.High);
        return high != 0 ? high : Low.CompareTo(other.Low);
    }

    public bool Equals(DataViewRowId other) => Low == other.Low && High == other.High;

    public override bool Equals(object obj) => obj is DataViewRowId other && Equals(other);

    public override int GetHashCode() => (int)Low ^ (int)(Low >> 32) ^ (int)(7 * High) ^ (int)(7 * High >> 32);

    public override string ToString() => FormattableString.Invariant($"{High:x16}{Low:x16}");

    private static DataViewRowId Absorb(DataViewRowId id, ulong low, ulong high)
    {
        var a = Mix(id.Low ^ Mix(low + 0x632BE59BD9B4E019));
        var b = Mix(id.High ^ Mix(high + 0x8CB92BA72F3D8DD7));
        a += b;
        b += a;
        a = Mix(a);
        b = Mix(b);
        return new DataViewRowId(a + b, b + 2 * (a + b));
    }

    private static ulong Mix(ulong h)
    {
        h ^= h >> 33;
        h *= 0xff51afd7ed558ccd;
        h ^= h >> 33;
        h *= 0xc4ceb9fe1a85ec53;
        return h ^ (h >> 33);
    }
}
