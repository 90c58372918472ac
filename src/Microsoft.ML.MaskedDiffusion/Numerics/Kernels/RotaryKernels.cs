using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>
/// Rotary positions (Su et al., 2021) in the half-split form: pair (z_i, z_{i+h/2}) of each query and key head turns by position * theta_i.
/// </summary>
internal static unsafe class RotaryKernels
{
    /// <summary>
    /// Turns the given heads in rows of <paramref name="x"/> in place. The tables are [length, size / 2]; a row's position is that of its
    /// number in <paramref name="places"/> (null: its own number), modulo the length. <paramref name="direction"/> -1 turns back, which is
    /// also the gradient.
    /// </summary>
    public static void Turn(float* x, HeadRows heads, float* cos, float* sin, long* places, int rows, int length, float direction) =>
        Workers.Rows(rows, 64, (first, last) =>
    {
        int half = heads.Size / 2;
        for (int row = first; row < last; row++)
        {
            long at = (places is null ? row : places[row]) % length * half;
            float* group = x + (long)row * heads.RowStride;
            for (int i = 0; i < heads.Groups; i++, group += heads.GroupStride)
            {
                float* head = group;
                for (int j = 0; j < heads.PerGroup; j++, head += heads.Size)
                    TurnPairs(head, head + half, cos + at, sin + at, half, direction);
            }
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
