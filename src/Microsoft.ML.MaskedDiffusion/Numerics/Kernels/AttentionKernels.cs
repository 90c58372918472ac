using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>
/// Softmax attention in place on the fused projection [batch, length, heads, (query, key, value), size], without a copy of it. The backward
/// pass computes the probabilities again from the stored log-sums (as in Dao et al., 2022), so that no [length, length] matrix outlives a
/// head.
/// </summary>
internal static unsafe class AttentionKernels
{
    /// <summary>
    /// Writes the mixed values [batch, length, heads, size] and each query's log-sum-exp [batch, heads, length] (null: not kept); products
    /// as in <see cref="MatrixProduct"/>.
    /// </summary>
    public static void Forward(
        float* qkv, float* y, float* logSums, int batch, int length, int heads, int size, bool causal, bool rounded = false)
    {
        int rows = QueryRows(length), blocks = (length + rows - 1) / rows, stride = heads * 3 * size;
        float scale = (float)(1 / Math.Sqrt(size));
        Workers.Run(batch * heads * blocks, task =>
        {
            int block = task % blocks, head = task / blocks % heads, item = task / blocks / heads;
            int first = block * rows, count = Math.Min(rows, length - first), keys = causal ? first + count : length;
            float* query = qkv + (long)item * length * stride + head * 3 * size, key = query + size, value = key + size;
            float* scores = Scratch.Floats(2, (long)rows * length);
            MatrixProduct.MultiplyAlone(
                count, keys, size, query + (long)first * stride, stride, false, key, stride, true, scores, length, rounded: rounded);
            for (int i = 0; i < count; i++)
            {
                float logSum = Softmax(scores + (long)i * length, causal ? first + i + 1 : keys, keys, scale);
                if (logSums is not null)
                    logSums[((long)item * heads + head) * length + first + i] = logSum;
            }
            long at = ((long)item * length + first) * heads * size + head * size;
            MatrixProduct.MultiplyAlone(
                count, size, keys, scores, length, false, value, stride, false, y + at, heads * size, rounded: rounded);
        });
    }

    /// <summary>
    /// The same for the asked positions only, each with the bits it has in <see cref="Forward"/>: queries and mixed values are [n, heads,
    /// size], of <paramref name="places"/> (item * length + position, ascending); <paramref name="keyValues"/> is [batch, length, heads,
    /// (key, value), size]. Item i's places are those from <paramref name="starts"/>[i] to <paramref name="starts"/>[i + 1]. The
    /// log-sum-exps are [n, heads] (null: not kept).
    /// </summary>
    public static void ForwardAt(
        float* query, float* keyValues, float* y, float* logSums, long* places, int[] starts, int length, int heads, int size, bool causal,
        bool rounded)
    {
        int rows = QueryRows(length), stride = heads * 2 * size, width = heads * size;
        float scale = (float)(1 / Math.Sqrt(size));
        Workers.Run((starts.Length - 1) * heads, task =>
        {
            int head = task % heads, item = task / heads;
            float* key = keyValues + (long)item * length * stride + head * 2 * size, value = key + size;
            for (int first = starts[item]; first < starts[item + 1]; first += rows)
            {
                int count = Math.Min(rows, starts[item + 1] - first);
                int keys = causal ? (int)(places[first + count - 1] % length) + 1 : length;
                float* scores = Scratch.Floats(2, (long)rows * length);
                long at = (long)first * width + head * size;
                MatrixProduct.MultiplyAlone(
                    count, keys, size, query + at, width, false, key, stride, true, scores, length, rounded: rounded);
                for (int i = 0; i < count; i++)
                {
                    float logSum = Softmax(scores + (long)i * length, causal ? (int)(places[first + i] % length) + 1 : keys, keys, scale);
                    if (logSums is not null)
                        logSums[(first + i) * (long)heads + head] = logSum;
                }
                MatrixProduct.MultiplyAlone(
                    count, size, keys, scores, length, false, value, stride, false, y + at, width, rounded: rounded);
            }
        });
    }

    /// <summary>Writes the gradient of the fused projection, given <paramref name="dy"/> and what the forward pass wrote.</summary>
    public static void Backward(
        float* qkv, float* y, float* logSums, float* dy, float* dQkv, int batch, int length, int heads, int size, bool causal,
        bool rounded = false)
    {
        int rows = QueryRows(length), stride = heads * 3 * size, width = heads * size;
        float scale = (float)(1 / Math.Sqrt(size));
        Workers.Run(batch * heads, task =>
        {
            int head = task % heads, item = task / heads;
            long at = (long)item * length * stride + head * 3 * size, atY = (long)item * length * width + head * size;
            float* query = qkv + at, key = query + size, value = key + size;
            float* dQuery = dQkv + at, dKey = dQuery + size, dValue = dKey + size;
            float* scores = Scratch.Floats(2, 2L * rows * length), dScores = scores + (long)rows * length;
            // From the last block to the first: the last block of a causal head begins the gradients of all keys, to which the others add.
            for (int first = (length - 1) / rows * rows; first >= 0; first -= rows)
            {
                int count = Math.Min(rows, length - first), keys = causal ? first + count : length;
                bool begun = first + rows < length;
                float* queries = query + (long)first * stride, dOut = dy + atY + (long)first * width, outs = y + atY + (long)first * width;
                MatrixProduct.MultiplyAlone(count, keys, size, queries, stride, false, key, stride, true, scores, length, rounded: rounded);
                MatrixProduct.MultiplyAlone(count, keys, size, dOut, width, false, value, stride, true, dScores, length, rounded: rounded);
                for (int i = 0; i < count; i++)
                {
                    float logSum = logSums[((long)item * heads + head) * length + first + i];
                    float mean = VectorMath.Dot(dOut + (long)i * width, outs + (long)i * width, size);
                    SoftmaxGradient(
                        scores + (long)i * length, dScores + (long)i * length, causal ? first + i + 1 : keys, keys, scale, logSum, mean);
                }
                MatrixProduct.MultiplyAlone(keys, size, count, scores, length, true, dOut, width, false, dValue, stride, begun, rounded);
                MatrixProduct.MultiplyAlone(
                    count, size, keys, dScores, length, false, key, stride, false, dQuery + (long)first * stride, stride, rounded: rounded);
                MatrixProduct.MultiplyAlone(keys, size, count, dScores, length, true, queries, stride, false, dKey, stride, begun, rounded);
            }
        });
    }

    /// <summary>
    /// Writes the gradients of what <see cref="ForwardAt"/> read: of the queries [n, heads, size] and of all keys and values.
    /// </summary>
    public static void BackwardAt(
        float* query, float* keyValues, float* y, float* logSums, float* dy, float* dQuery, float* dKeyValues, long* places, int[] starts,
        int length, int heads, int size, bool causal, bool rounded)
    {
        int rows = QueryRows(length), stride = heads * 2 * size, width = heads * size;
        float scale = (float)(1 / Math.Sqrt(size));
        Workers.Run((starts.Length - 1) * heads, task =>
        {
            int head = task % heads, item = task / heads;
            long from = (long)item * length * stride + head * 2 * size;
            float* key = keyValues + from, value = key + size, dKey = dKeyValues + from, dValue = dKey + size;
            float* scores = Scratch.Floats(2, 2L * rows * length), dScores = scores + (long)rows * length;
            for (int i = 0; i < length; i++)
                new Span<float>(dKey + (long)i * stride, 2 * size).Clear();
            for (int first = starts[item]; first < starts[item + 1]; first += rows)
            {
                int count = Math.Min(rows, starts[item + 1] - first);
                int keys = causal ? (int)(places[first + count - 1] % length) + 1 : length;
                long at = (long)first * width + head * size;
                float* queries = query + at, dOut = dy + at, outs = y + at;
                MatrixProduct.MultiplyAlone(count, keys, size, queries, width, false, key, stride, true, scores, length, rounded: rounded);
                MatrixProduct.MultiplyAlone(count, keys, size, dOut, width, false, value, stride, true, dScores, length, rounded: rounded);
                for (int i = 0; i < count; i++)
                {
                    float mean = VectorMath.Dot(dOut + (long)i * width, outs + (long)i * width, size);
                    SoftmaxGradient(
                        scores + (long)i * length, dScores + (long)i * length, causal ? (int)(places[first + i] % length) + 1 : keys, keys,
                        scale, logSums[(first + i) * (long)heads + head], mean);
                }
                MatrixProduct.MultiplyAlone(keys, size, count, scores, length, true, dOut, width, false, dValue, stride, true, rounded);
                MatrixProduct.MultiplyAlone(
                    count, size, keys, dScores, length, false, key, stride, false, dQuery + at, width, rounded: rounded);
                MatrixProduct.MultiplyAlone(keys, size, count, dScores, length, true, queries, width, false, dKey, stride, true, rounded);
            }
        });
    }

    // The scores of one block take half a megabyte, so that they stay in the second-level cache.
    internal static int QueryRows(int length) => length <= 256 ? length : Math.Max(48, 131072 / length / 12 * 12);

    /// <summary>
    /// Softmax of scale * row over the first <paramref name="count"/> places, zero up to <paramref name="keys"/>; returns the log-sum-exp.
    /// </summary>
    internal static float Softmax(float* row, int count, int keys, float scale)
    {
        Vector512<float> high = Vector512.Create(float.NegativeInfinity);
        for (int i = 0; i < count; i += VectorMath.Lanes)
            high = Vector512.MaxNative(high, VectorMath.Load(row + i, count - i, float.NegativeInfinity));
        float top = VectorMath.Max(high) * scale;
        Vector512<float> sum = default, tops = Vector512.Create(-top), scales = Vector512.Create(scale);
        for (int i = 0; i < count; i += VectorMath.Lanes)
        {
            Vector512<float> p =
                VectorMath.Exp(Vector512.FusedMultiplyAdd(VectorMath.Load(row + i, count - i, float.NegativeInfinity), scales, tops));
            sum += p;
            VectorMath.Store(p, row + i, count - i);
        }
        float total = VectorMath.Sum(sum);
        Vector512<float> inverse = Vector512.Create(1 / total);
        for (int i = 0; i < count; i += VectorMath.Lanes)
            VectorMath.Store(VectorMath.Load(row + i, count - i) * inverse, row + i, count - i);
        for (int i = count; i < keys; i++)
            row[i] = 0;
        return top + MathF.Log(total);
    }

    /// <summary>Scores become probabilities p, dp becomes scale * p (dp - mean).</summary>
    private static void SoftmaxGradient(float* row, float* dp, int count, int keys, float scale, float logSum, float mean)
    {
        Vector512<float> scales = Vector512.Create(scale), logSums = Vector512.Create(-logSum), means = Vector512.Create(mean);
        for (int i = 0; i < count; i += VectorMath.Lanes)
        {
            Vector512<float> p = VectorMath.Exp(Vector512.FusedMultiplyAdd(VectorMath.Load(row + i, count - i), scales, logSums));
            VectorMath.Store((VectorMath.Load(dp + i, count - i) - means) * p * scales, dp + i, count - i);
            VectorMath.Store(p, row + i, count - i);
        }
        for (int i = count; i < keys; i++)
            row[i] = dp[i] = 0;
    }
}
