using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>RMSNorm over rows of 32-bit floats (Zhang and Sennrich, 2019, eq. 4): y = g x / sqrt(mean(x^2) + eps).</summary>
internal static unsafe class NormKernels
{
    // Rows whose gain gradients are summed together. Another number would change the result's bits.
    private const int Group = 128;

    /// <summary>
    /// y and the factors 1 / sqrt(mean(x^2) + eps) of each row, which the backward pass needs (<paramref name="scale"/> may be null).
    /// </summary>
    public static void Forward(float* x, float* gain, double epsilon, float* y, float* scale, int rows, int width) =>
        Workers.Rows(rows, 64, (first, last) =>
    {
        for (int row = first; row < last; row++)
        {
            float* from = x + (long)row * width;
            float factor = (float)(1 / Math.Sqrt((double)VectorMath.Dot(from, from, width) / width + epsilon));
            if (scale is not null)
                scale[row] = factor;
            Scale(from, gain, factor, y + (long)row * width, width);
        }
    });

    /// <summary>y again, from the stored factors.</summary>
    public static void Apply(float* x, float* gain, float* scale, float* y, int rows, int width) => Workers.Rows(rows, 64, (first, last) =>
    {
        for (int row = first; row < last; row++)
            Scale(x + (long)row * width, gain, scale[row], y + (long)row * width, width);
    });

    /// <summary>
    /// dx = <paramref name="residual"/> (null: 0) + the gradient through the norm; adds the gain's gradient to
    /// <paramref name="gainGradient"/>.
    /// </summary>
    public static void Backward(
        float* x, float* gain, float* scale, float* dy, float* residual, float* dx, float* gainGradient, int rows, int width)
    {
        int groups = (rows + Group - 1) / Group;
        float* partial = Scratch.Floats(3, (long)groups * width);
        Workers.Run(groups, group =>
        {
            float* sums = partial + (long)group * width;
            new Span<float>(sums, width).Clear();
            for (int row = group * Group; row < Math.Min(rows, (group + 1) * Group); row++)
            {
                long at = (long)row * width;
                BackwardRow(x + at, gain, scale[row], dy + at, residual is null ? null : residual + at, dx + at, sums, width);
            }
        });
        for (int group = 0; group < groups; group++)
        {
            float* sums = partial + (long)group * width;
            for (int i = 0; i < width; i++)
                gainGradient[i] += sums[i];
        }
    }

    private static void Scale(float* from, float* gain, float factor, float* to, int width)
    {
        Vector512<float> factors = Vector512.Create(factor);
        for (int i = 0; i < width; i += VectorMath.Lanes)
        {
            int count = width - i;
            VectorMath.Store(VectorMath.Load(from + i, count) * factors * VectorMath.Load(gain + i, count), to + i, count);
        }
    }

    private static void BackwardRow(float* x, float* gain, float factor, float* dy, float* residual, float* dx, float* gainSums, int width)
    {
        Vector512<float> sum = default, factors = Vector512.Create(factor);
        for (int i = 0; i < width; i += VectorMath.Lanes)
        {
            int count = width - i;
            Vector512<float> xi = VectorMath.Load(x + i, count), dyi = VectorMath.Load(dy + i, count), product = xi * dyi;
            sum = Vector512.FusedMultiplyAdd(product, VectorMath.Load(gain + i, count), sum);
            VectorMath.Store(Vector512.FusedMultiplyAdd(product, factors, VectorMath.Load(gainSums + i, count)), gainSums + i, count);
        }
        // d/dx of x_i s(x): s g dy - x s^3 / width * sum(g dy x)
        Vector512<float> projection = Vector512.Create(-factor * factor * factor / width * VectorMath.Sum(sum));
        for (int i = 0; i < width; i += VectorMath.Lanes)
        {
            int count = width - i;
            Vector512<float> through = VectorMath.Load(dy + i, count) * VectorMath.Load(gain + i, count) * factors;
            through = Vector512.FusedMultiplyAdd(VectorMath.Load(x + i, count), projection, through);
            if (residual is not null)
                through += VectorMath.Load(residual + i, count);
            VectorMath.Store(through, dx + i, count);
        }
    }
}
