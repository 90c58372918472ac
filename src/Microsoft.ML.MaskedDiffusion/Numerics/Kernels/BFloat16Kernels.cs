using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>bfloat16, the upper half of a 32-bit float: rounding to nearest, ties to even, as IEEE 754 and GPUs do.</summary>
internal static unsafe class BFloat16Kernels
{
    private const int Piece = 1 << 16;

    /// <summary>
    /// Rounds <paramref name="count"/> floats on the caller's thread; <paramref name="to"/> may be <paramref name="from"/>.
    /// </summary>
    public static void Round(float* from, float* to, long count)
    {
        long i = 0;
        for (; i + VectorMath.Lanes <= count; i += VectorMath.Lanes)
            Round(Vector512.Load(from + i)).Store(to + i);
        if (i < count)
            VectorMath.Store(Round(VectorMath.Load(from + i, (int)(count - i))), to + i, (int)(count - i));
    }

    /// <summary>Rounds in place, on all cores.</summary>
    public static void RoundAll(float* values, long count) =>
        Workers.Rows(count, Piece, (first, last) => Round(values + first, values + first, last - first));

    /// <summary>Rounds and stores in half the memory, on all cores.</summary>
    public static void Narrow(float* from, ushort* to, long count) =>
        Workers.Rows(count, Piece, (first, last) => NarrowAlone(from + first, to + first, last - first));

    /// <summary>What <see cref="Narrow"/> stored, as 32-bit floats, on all cores.</summary>
    public static void Widen(ushort* from, float* to, long count) =>
        Workers.Rows(count, Piece, (first, last) => WidenAlone(from + first, to + first, last - first, add: false));

    /// <summary><see cref="Narrow"/> on the caller's thread.</summary>
    public static void NarrowAlone(float* from, ushort* to, long count)
    {
        long i = 0;
        for (; i + 2 * VectorMath.Lanes <= count; i += 2 * VectorMath.Lanes)
        {
            Vector512<uint> low = Round(Vector512.Load(from + i)).AsUInt32();
            Vector512<uint> high = Round(Vector512.Load(from + i + VectorMath.Lanes)).AsUInt32();
            Vector512.Narrow(Vector512.ShiftRightLogical(low, 16), Vector512.ShiftRightLogical(high, 16)).Store(to + i);
        }
        for (; i < count; i++)
        {
            float rounded;
            Round(from + i, &rounded, 1);
            to[i] = (ushort)(BitConverter.SingleToUInt32Bits(rounded) >> 16);
        }
    }

    /// <summary><see cref="Widen"/> on the caller's thread, or what is there and that.</summary>
    public static void WidenAlone(ushort* from, float* to, long count, bool add)
    {
        long i = 0;
        for (; i + 2 * VectorMath.Lanes <= count; i += 2 * VectorMath.Lanes)
        {
            Vector512<ushort> halves = Vector512.Load(from + i);
            Vector512<float> low = Vector512.ShiftLeft(Vector512.WidenLower(halves), 16).AsSingle();
            Vector512<float> high = Vector512.ShiftLeft(Vector512.WidenUpper(halves), 16).AsSingle();
            float* second = to + i + VectorMath.Lanes;
            (add ? Vector512.Load(to + i) + low : low).Store(to + i);
            (add ? Vector512.Load(second) + high : high).Store(second);
        }
        for (; i < count; i++)
        {
            float value = WidenOne(from[i]);
            to[i] = add ? to[i] + value : value;
        }
    }

    /// <summary>One bfloat16 number as a 32-bit float.</summary>
    public static float WidenOne(ushort number) => BitConverter.UInt32BitsToSingle((uint)number << 16);

    /// <summary>Whether none of the bfloat16 numbers is NaN or an infinity.</summary>
    public static bool AreFinite(ReadOnlySpan<ushort> numbers)
    {
        // These have all bits of the exponent set.
        const ushort Exponent = 0x7F80;
        Vector<ushort> mask = new(Exponent);
        int i = 0;
        for (; i + Vector<ushort>.Count <= numbers.Length; i += Vector<ushort>.Count)
            if (Vector.EqualsAny(new Vector<ushort>(numbers[i..]) & mask, mask))
                return false;
        for (; i < numbers.Length; i++)
            if ((numbers[i] & Exponent) == Exponent)
                return false;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Round(Vector512<float> value)
    {
        Vector512<uint> bits = value.AsUInt32(), odd = Vector512.ShiftRightLogical(bits, 16) & Vector512<uint>.One;
        Vector512<uint> rounded = (bits + odd + Vector512.Create(0x7FFFu)) & Vector512.Create(0xFFFF0000u);
        // Rounding the bits of a NaN could carry into its exponent and give a number.
        Vector512<uint> nan = (bits & Vector512.Create(0xFFFF0000u)) | Vector512.Create(0x00400000u);
        return Vector512.ConditionalSelect(Vector512.Equals(value, value).AsUInt32(), rounded, nan).AsSingle();
    }
}
