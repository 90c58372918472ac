using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>
/// AdamW (Loshchilov and Hutter, 2019, algorithm 2) in one pass over parameter, gradient and both moments, in the order of operations of
/// torch's.
/// </summary>
internal static unsafe class AdamWKernel
{
    private const int Piece = 1 << 15;

    /// <summary>
    /// One step; <paramref name="step"/> counts from 1, the gradient is multiplied by <paramref name="gradientScale"/> (clipping) on the
    /// way.
    /// </summary>
    public static void Step(
        float* parameter, float* gradient, float* mean, float* square, long count, double learningRate, double beta1, double beta2,
        double epsilon, double weightDecay, long step, float gradientScale = 1)
    {
        double correction1 = 1 - Math.Pow(beta1, step), correction2 = 1 - Math.Pow(beta2, step);
        float keep = (float)(1 - learningRate * weightDecay), stepSize = (float)(-learningRate / correction1);
        float root = (float)Math.Sqrt(correction2);
        float first = (float)(1 - beta1), second = (float)(1 - beta2), decay2 = (float)beta2, eps = (float)epsilon;
        Workers.Rows(count, Piece, (from, to) =>
        {
            for (long i = from; i < to; i += VectorMath.Lanes)
            {
                int have = (int)Math.Min(VectorMath.Lanes, to - i);
                Vector512<float> g = VectorMath.Load(gradient + i, have) * Vector512.Create(gradientScale);
                Vector512<float> m = VectorMath.Load(mean + i, have);
                m = Vector512.FusedMultiplyAdd(g - m, Vector512.Create(first), m);
                Vector512<float> v = VectorMath.Load(square + i, have) * Vector512.Create(decay2);
                v = Vector512.FusedMultiplyAdd(g * g, Vector512.Create(second), v);
                Vector512<float> denominator = Vector512.Sqrt(v) / Vector512.Create(root) + Vector512.Create(eps);
                Vector512<float> p = VectorMath.Load(parameter + i, have) * Vector512.Create(keep);
                VectorMath.Store(Vector512.FusedMultiplyAdd(m / denominator, Vector512.Create(stepSize), p), parameter + i, have);
                VectorMath.Store(m, mean + i, have);
                VectorMath.Store(v, square + i, have);
            }
        });
    }

    /// <summary>The sum of squares, in pieces of fixed size and in their order.</summary>
    public static double SquaredNorm(float* values, long count)
    {
        int pieces = checked((int)((count + Piece - 1) / Piece));
        var sums = new double[pieces];
        Workers.Run(pieces, piece =>
        {
            long first = (long)piece * Piece;
            sums[piece] = VectorMath.Dot(values + first, values + first, (int)Math.Min(Piece, count - first));
        });
        return sums.Sum();
    }
}
