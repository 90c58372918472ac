using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>
/// RMSNorm over rows of 32-bit floats (Zhang and Sennrich, 2019, eq. 4): y = g x / sqrt(mean(x^2) + eps). Where it is centered, each row's
/// mean is subtracted first, which makes it LayerNorm (Ba et al., 2016) without a bias.
/// </summary>
internal static unsafe class NormKernels
{
    // Rows whose gain gradients are summed together. Another number would change the result's bits.
    private const int Group = 128;

    /// <summary>
    /// y and the factors 1 / sqrt(mean(x^2) + eps) of each row, which the backward pass needs (<paramref name="scale"/> may be null). y may
    /// be the same memory as x.
    /// </summary>
    public static void Forward(
        float* x, float* gain, double epsilon, float* y, float* scale, int rows, int width, bool centered = false) =>
        Workers.Rows(rows, 64, (first, last) =>
    {
        for (int row = first; row < last; row++)
        {
            float* to = y + (long)row * width, from = Centered(x + (long)row * width, to, width, centered);
            float factor = Factor(from, epsilon, width);
            if (scale is not null)
                scale[row] = factor;
            Scale(from, gain, factor, to, width);
        }
    });

    /// <summary>y again, from the stored factors.</summary>
    public static void Apply(float* x, float* gain, float* scale, float* y, int rows, int width, bool centered = false) =>
        Workers.Rows(rows, 64, (first, last) =>
    {
        for (int row = first; row < last; row++)
        {
            float* to = y + (long)row * width;
            Scale(Centered(x + (long)row * width, to, width, centered), gain, scale[row], to, width);
        }
    });

    /// <summary>
    /// dx = <paramref name="residual"/> (null: 0) + the gradient through the norm; adds the gain's gradient to
    /// <paramref name="gainGradient"/>. dx may be the same memory as dy or the residual.
    /// </summary>
    public static void Backward(
        float* x, float* gain, float* scale, float* dy, float* residual, float* dx, float* gainGradient, int rows, int width,
        bool centered = false)
    {
        ForGroups(rows, width, gainGradient, (row, sums) =>
        {
            long at = (long)row * width;
            float* rest = residual is null ? null : residual + at;
            if (centered)
                BackwardCenteredRow(x + at, gain, scale[row], dy + at, rest, dx + at, sums, width);
            else
                BackwardRow(x + at, gain, scale[row], dy + at, rest, dx + at, sums, width);
        });
    }

    /// <summary>
    /// Norms each of the given heads in rows of <paramref name="x"/> by itself, in place, with one gain [size] for all; never centered.
    /// </summary>
    public static void ForwardHeads(float* x, HeadRows heads, float* gain, double epsilon, int rows) =>
        Workers.Rows(rows, 64, (first, last) =>
    {
        for (int row = first; row < last; row++)
        {
            for (int i = 0; i < heads.Count; i++)
            {
                float* head = x + (long)row * heads.RowStride + heads.Offset(i);
                Scale(head, gain, Factor(head, epsilon, heads.Size), head, heads.Size);
            }
        }
    });

    /// <summary>
    /// Turns the gradient of what <see cref="ForwardHeads"/> wrote into that of what it read, <paramref name="x"/>, in place, and adds the
    /// gain's gradient to <paramref name="gainGradient"/>.
    /// </summary>
    public static void BackwardHeads(float* x, HeadRows heads, float* gain, double epsilon, float* dy, float* gainGradient, int rows)
    {
        ForGroups(rows, heads.Size, gainGradient, (row, sums) =>
        {
            for (int i = 0; i < heads.Count; i++)
            {
                long at = (long)row * heads.RowStride + heads.Offset(i);
                BackwardRow(x + at, gain, Factor(x + at, epsilon, heads.Size), dy + at, null, dy + at, sums, heads.Size);
            }
        });
    }

    private delegate void RowBackward(int row, float* gainSums);

    // Each group of rows adds to sums of its own, and these are added in the order of the groups.
    private static void ForGroups(int rows, int width, float* gainGradient, RowBackward backward)
    {
        int groups = (rows + Group - 1) / Group;
        float* partial = Scratch.Floats(3, (long)groups * width);
        Workers.Run(groups, group =>
        {
            float* sums = partial + (long)group * width;
            new Span<float>(sums, width).Clear();
            for (int row = group * Group; row < Math.Min(rows, (group + 1) * Group); row++)
                backward(row, sums);
        });
        for (int group = 0; group < groups; group++)
        {
            float* sums = partial + (long)group * width;
            for (int i = 0; i < width; i++)
                gainGradient[i] += sums[i];
        }
    }

    private static float Factor(float* row, double epsilon, int width) =>
        (float)(1 / Math.Sqrt((double)VectorMath.Dot(row, row, width) / width + epsilon));

    // The row itself, or, where the norm is centered, the row less its mean, which is written to the other memory.
    private static float* Centered(float* row, float* to, int width, bool centered)
    {
        if (!centered)
            return row;
        Vector512<float> mean = Vector512.Create(Mean(row, width));
        for (int i = 0; i < width; i += VectorMath.Lanes)
            VectorMath.Store(VectorMath.Load(row + i, width - i) - mean, to + i, width - i);
        return to;
    }

    private static float Mean(float* row, int width)
    {
        Vector512<float> sum = default;
        for (int i = 0; i < width; i += VectorMath.Lanes)
            sum += VectorMath.Load(row + i, width - i);
        return VectorMath.Sum(sum) / width;
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

    private static void BackwardCenteredRow(
        float* x, float* gain, float factor, float* dy, float* residual, float* dx, float* gainSums, int width)
    {
        float* row = Scratch.Floats(4, 2L * width), gradient = row + width;
        BackwardRow(Centered(x, row, width, centered: true), gain, factor, dy, null, gradient, gainSums, width);
        // The gradient of x - mean(x) is centered as x is.
        Vector512<float> mean = Vector512.Create(Mean(gradient, width));
        for (int i = 0; i < width; i += VectorMath.Lanes)
        {
            Vector512<float> through = VectorMath.Load(gradient + i, width - i) - mean;
            if (residual is not null)
                through += VectorMath.Load(residual + i, width - i);
            VectorMath.Store(through, dx + i, width - i);
        }
    }
}
