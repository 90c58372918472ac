using System.Runtime.Intrinsics;

namespace Microsoft.ML.MaskedDiffusion.Numerics;

/// <summary>Cross-entropy of softmax(logits) with one target a row: nll = log-sum-exp(logits) - logits[target].</summary>
internal static unsafe class CrossEntropyKernels
{
    /// <summary>The loss in nats and the log-sum-exp of each row. Targets were checked to lie in 0 .. width - 1.</summary>
    public static void Forward(float* logits, long* targets, float* loss, float* logSums, int rows, int width) => Workers.Rows(rows, 16, (first, last) =>
    {
        for (int row = first; row < last; row++)
        {
            float* at = logits + (long)row * width;
            logSums[row] = LogSum(at, width);
            loss[row] = logSums[row] - at[targets[row]];
        }
    });

    /// <summary>dLogits = gradient[row] (softmax - one-hot); it may be the same memory as the logits.</summary>
    public static void Backward(float* logits, long* targets, float* logSums, float* gradient, float* dLogits, int rows, int width) => Workers.Rows(rows, 16, (first, last) =>
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

    private static float LogSum(float* row, int width)
    {
        Vector512<float> high = Vector512.Create(float.NegativeInfinity);
        for (int i = 0; i < width; i += VectorMath.Lanes) high = Vector512.Max(high, VectorMath.Load(row + i, width - i, float.NegativeInfinity));
        float top = VectorMath.Max(high);
        Vector512<float> sum = default, tops = Vector512.Create(top);
        for (int i = 0; i < width; i += VectorMath.Lanes) sum += VectorMath.Exp(VectorMath.Load(row + i, width - i, float.NegativeInfinity) - tops);
        return top + (float)Math.Log(VectorMath.Sum(sum));
    }
}
