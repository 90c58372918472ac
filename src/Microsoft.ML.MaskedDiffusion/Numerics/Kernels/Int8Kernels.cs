using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>
/// Rows of 8-bit integers from -127 to 127, which stand for their products with one 32-bit number, the row's scale: its largest magnitude
/// divided by 127.
/// </summary>
internal static unsafe class Int8Kernels
{
    /// <summary>The largest of the integers.</summary>
    public const int Largest = 127;

    // Numbers that are worth a thread's start.
    private const int Piece = 1 << 16;

    /// <summary>
    /// Rounds each of the finite rows [rows, width] to nearest, ties to even, and writes its scale, on all cores.
    /// </summary>
    public static void Quantize(float* from, sbyte* to, float* scales, long rows, int width) =>
        Workers.Rows(rows, Math.Max(1, Piece / width), (first, last) =>
        {
            for (long row = first; row < last; row++)
                scales[row] = QuantizeRow(from + row * width, to + row * width, width);
        });

    /// <summary>A row's integers as 32-bit floats, on the caller's thread.</summary>
    public static void Widen(sbyte* from, float scale, float* to, int count)
    {
        int i = 0;
        for (; i + Vector512<sbyte>.Count <= count; i += Vector512<sbyte>.Count, from += Vector512<sbyte>.Count)
        {
            (Vector512<short> low, Vector512<short> high) = Vector512.Widen(Vector512.Load(from));
            Store(low, scale, to + i);
            Store(high, scale, to + i + Vector512<short>.Count);
        }
        for (; i < count; i++, from++)
            to[i] = *from * scale;
    }

    // A row of zeros, or of numbers whose scale would be no number, becomes zeros.
    private static float QuantizeRow(float* from, sbyte* to, int width)
    {
        float scale = MathF.Abs(TensorPrimitives.MaxMagnitude(new ReadOnlySpan<float>(from, width))) / Largest;
        if (scale == 0)
        {
            new Span<sbyte>(to, width).Clear();
            return 0;
        }
        int i = 0;
        for (; i + Vector512<sbyte>.Count <= width; i += Vector512<sbyte>.Count)
            Vector512.Narrow(Integers(from + i, scale), Integers(from + i + Vector512<short>.Count, scale)).Store(to + i);
        for (; i < width; i++)
            to[i] = (sbyte)Math.Clamp(MathF.Round(from[i] / scale), -Largest, Largest);
        return scale;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<short> numbers, float scale, float* to)
    {
        (Vector512<int> low, Vector512<int> high) = Vector512.Widen(numbers);
        (Vector512.ConvertToSingle(low) * scale).Store(to);
        (Vector512.ConvertToSingle(high) * scale).Store(to + VectorMath.Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Integers(float* numbers, float scale) =>
        Vector512.Narrow(Rounded(numbers, scale), Rounded(numbers + VectorMath.Lanes, scale));

    // A scale below the smallest normal number has lost digits, so that a quotient may be too large.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Rounded(float* numbers, float scale)
    {
        Vector512<float> limit = Vector512.Create((float)Largest), quotients = Vector512.Load(numbers) / scale;
        return Vector512.ConvertToInt32(Vector512.Round(Vector512.Min(limit, Vector512.Max(-limit, quotients))));
    }
}
