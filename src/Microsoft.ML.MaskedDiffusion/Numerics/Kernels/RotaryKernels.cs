using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>
/// Rotary positions (Su et al., 2021) in the half-split form: pair (z_i, z_{i+h/2}) of each query and key head turns by position * theta_i.
/// </summary>
internal static unsafe class RotaryKernels
{
    /// <summary>
    /// Turns the queries and keys of <paramref name="qkv"/> [batch * length, heads * 3 * size] (per head: query, key, value) in place. The
    /// tables are [length, size / 2]. <paramref name="direction"/> -1 turns back, which is also the gradient.
    /// </summary>
    public static void Turn(float* qkv, float* cos, float* sin, int rows, int length, int heads, int size, float direction) =>
        Workers.Rows(rows, 64, (first, last) =>
    {
        int half = size / 2;
        for (int row = first; row < last; row++)
        {
            float* cosines = cos + (long)(row % length) * half, sines = sin + (long)(row % length) * half;
            float* head = qkv + (long)row * heads * 3 * size;
            for (int j = 0; j < heads; j++, head += 3 * size)
            {
                TurnPairs(head, head + half, cosines, sines, half, direction);
                TurnPairs(head + size, head + size + half, cosines, sines, half, direction);
            }
        }
    });

    /// <summary>
    /// Turns one part of each head (queries or keys alone): heads are <paramref name="headStride"/> floats apart, rows
    /// <paramref name="rowStride"/>. A row's position is that of its number in <paramref name="places"/> (null: its own number), modulo the
    /// length; <paramref name="direction"/> is as in <see cref="Turn"/>.
    /// </summary>
    public static void TurnPart(
        float* part, long rowStride, int headStride, float* cos, float* sin, long* places, int rows, int length, int heads, int size,
        float direction) =>
        Workers.Rows(rows, 64, (first, last) =>
    {
        int half = size / 2;
        for (int row = first; row < last; row++)
        {
            long at = (places is null ? row : places[row]) % length * half;
            float* head = part + row * rowStride;
            for (int j = 0; j < heads; j++, head += headStride)
                TurnPairs(head, head + half, cos + at, sin + at, half, direction);
        }
    });

    private static void TurnPairs(float* a, float* b, float* cos, float* sin, int count, float direction)
    {
        Vector512<float> sign = Vector512.Create(direction);
        for (int i = 0; i < count; i += VectorMath.Lanes)
        {
            int have = count - i;
            Vector512<float> x = VectorMath.Load(a + i, have), y = VectorMath.Load(b + i, have);
            Vector512<float> c = VectorMath.Load(cos + i, have), s = VectorMath.Load(sin + i, have) * sign;
            VectorMath.Store(Vector512.FusedMultiplyAdd(x, c, -(y * s)), a + i, have);
            VectorMath.Store(Vector512.FusedMultiplyAdd(x, s, y * c), b + i, have);
        }
    }
}
