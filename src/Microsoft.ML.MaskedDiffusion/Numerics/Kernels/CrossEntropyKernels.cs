using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>Cross-entropy of softmax(logits) with one target a row: nll = log-sum-exp(logits) - logits[target].</summary>
internal static unsafe class CrossEntropyKernels
{
    // Terms that are added up in floats before their sum is added to a double: sums over a large vocabulary would lose digits in floats.
    private const int Piece = 1024;

    /// <summary>The loss in nats and the log-sum-exp of each row. Targets were checked to lie in 0 .. width - 1.</summary>
    public static void Forward(float* logits, long* targets, float* loss, float* logSums, int rows, int width) =>
        Workers.Rows(rows, 16, (first, last) =>
    {
        for (int row = first; row < last; row++)
        {
            float* at = logits + (long)row * width;
            (float top, double log) = LogSum(at, width);
            logSums[row] = (float)(top + log);
            // In double: the difference would lose digits if the log-sum were rounded to a float first.
            loss[row] = (float)(log - ((double)at[targets[row]] - top));
        }
    });

    /// <summary>dLogits = gradient[row] (softmax - one-hot); it may be the same memory as the logits.</summary>
    public static void Backward(float* logits, long* targets, float* logSums, float* gradient, float* dLogits, int rows, int width) =>
        Workers.Rows(rows, 16, (first, last) =>
    {
        for (int row = first; row < last; row++)
        {
            float* from = logits + (long)row * width, to = dLogits + (long)row * width;
            Vector512<float> logSum = Vector512.Create(logSums[row]), weight = Vector512.Create(gradient[row]);
            for (int i = 0; i < width; i += VectorMath.Lanes)
                VectorMath.Store(VectorMath.Exp(VectorMath.Load(from + i, width - i) - logSum) * weight, to + i, width - i);
            to[targets[row]] -= gradient[row];
        }
    });

    /// <summary>The largest logit and the logarithm of the sum of exp(logit - largest).</summary>
    private static (float Top, double Log) LogSum(float* row, int width)
    {
        Vector512<float> high = Vector512.Create(float.NegativeInfinity);
        for (int i = 0; i < width; i += VectorMath.Lanes)
            high = Vector512.MaxNative(high, VectorMath.Load(row + i, width - i, float.NegativeInfinity));
        float top = VectorMath.Max(high);
        Vector512<float> tops = Vector512.Create(top);
        double total = 0;
        for (int first = 0; first < width; first += Piece)
        {
            Vector512<float> sum = default;
            for (int i = first; i < Math.Min(width, first + Piece); i += VectorMath.Lanes)
                sum += VectorMath.Exp(VectorMath.Load(row + i, width - i, float.NegativeInfinity) - tops);
            total += VectorMath.Sum(sum);
        }
        return (top, Math.Log(total));
    }
}
