using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>
/// Softmax attention in place on the fused projection, or on keys and values with queries apart (see <see cref="HeadLayout"/>), without a
/// copy of them. The backward pass computes the probabilities again from the stored log-sums (as in Dao et al., 2022), so that no [length,
/// length] matrix outlives a head.
/// </summary>
internal static unsafe class AttentionKernels
{
    /// <summary>
    /// Writes the mixed values [batch, length, heads, size] of a fused projection <paramref name="qkv"/> [batch, length, projection] and
    /// each query's log-sum-exp [batch, heads, length] (null: not kept); products as in <see cref="MatrixProduct"/>.
    /// </summary>
    public static void Forward(
        float* qkv, float* y, float* logSums, int batch, int length, HeadLayout layout, AttentionReach reach, bool rounded = false)
    {
        int rows = QueryRows(length), blocks = (length + rows - 1) / rows, stride = layout.ProjectionWidth, width = layout.QueryWidth;
        int heads = layout.Heads, size = layout.Size;
        float scale = Scale(size);
        Workers.Run(batch * heads * blocks, task =>
        {
            int block = task % blocks, head = task / blocks % heads, item = task / blocks / heads;
            int first = block * rows, count = Math.Min(rows, length - first);
            int start = reach.Start(first), keys = reach.End(first + count - 1, length) - start;
            float* from = qkv + (long)item * length * stride, query = from + layout.FusedQueries.Offset(head) + (long)first * stride;
            float* key = from + layout.KeyOffset + layout.FusedKeys.Offset(head / layout.Share) + (long)start * stride;
            float* value = key + size, scores = Scratch.Floats(2, (long)rows * length);
            MatrixProduct.MultiplyAlone(count, keys, size, query, stride, false, key, stride, true, scores, length, rounded: rounded);
            for (int i = 0; i < count; i++)
            {
                int position = first + i;
                float logSum = Softmax(scores + (long)i * length, reach, position, start, length, keys, scale);
                if (logSums is not null)
                    logSums[((long)item * heads + head) * length + position] = logSum;
            }
            long at = ((long)item * length + first) * width + head * size;
            MatrixProduct.MultiplyAlone(count, size, keys, scores, length, false, value, stride, false, y + at, width, rounded: rounded);
        });
    }

    /// <summary>
    /// The same for the asked positions only, each with the bits it has in <see cref="Forward"/>: queries and mixed values are [n, heads,
    /// size], of <paramref name="places"/> (item * length + position, ascending); <paramref name="keyValues"/> is [batch, length, groups,
    /// (key, value), size]. Item i's places are those from <paramref name="starts"/>[i] to <paramref name="starts"/>[i + 1]. The
    /// log-sum-exps are [n, heads] (null: not kept).
    /// </summary>
    public static void ForwardAt(
        float* query, float* keyValues, float* y, float* logSums, long* places, int[] starts, int length, HeadLayout layout,
        AttentionReach reach, bool rounded)
    {
        int rows = QueryRows(length), stride = layout.KeyValueWidth, width = layout.QueryWidth, heads = layout.Heads, size = layout.Size;
        float scale = Scale(size);
        Workers.Run((starts.Length - 1) * heads, task =>
        {
            int head = task % heads, item = task / heads;
            float* all = keyValues + (long)item * length * stride + layout.Keys.Offset(head / layout.Share);
            for (int first = starts[item]; first < starts[item + 1]; first += rows)
            {
                int count = Math.Min(rows, starts[item + 1] - first);
                int start = reach.Start(places[first] % length), keys = reach.End(places[first + count - 1] % length, length) - start;
                float* key = all + (long)start * stride, value = key + size, scores = Scratch.Floats(2, (long)rows * length);
                long at = (long)first * width + head * size;
                MatrixProduct.MultiplyAlone(
                    count, keys, size, query + at, width, false, key, stride, true, scores, length, rounded: rounded);
                for (int i = 0; i < count; i++)
                {
                    long position = places[first + i] % length;
                    float logSum = Softmax(scores + (long)i * length, reach, position, start, length, keys, scale);
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
        float* qkv, float* y, float* logSums, float* dy, float* dQkv, int batch, int length, HeadLayout layout, AttentionReach reach,
        bool rounded = false)
    {
        int rows = QueryRows(length), stride = layout.ProjectionWidth, width = layout.QueryWidth, heads = layout.Heads, size = layout.Size;
        float scale = Scale(size);
        // A key's gradient is the sum over its group's heads: one thread adds them, in their order.
        Workers.Run(batch * layout.Groups, task =>
        {
            int group = task % layout.Groups, item = task / layout.Groups;
            long from = (long)item * length * stride, atKey = from + layout.KeyOffset + layout.FusedKeys.Offset(group);
            float* scores = Scratch.Floats(2, 2L * rows * length), dScores = scores + (long)rows * length;
            if (reach.Radius is not null)
                Clear(dQkv + atKey, stride, 2 * size, length);
            for (int head = group * layout.Share; head < (group + 1) * layout.Share; head++)
            {
                long at = from + layout.FusedQueries.Offset(head), atY = (long)item * length * width + head * size;
                // From the last block to the first: the last block of a head that sees without a limit begins the gradients of all keys, to
                // which the others add.
                for (int first = (length - 1) / rows * rows; first >= 0; first -= rows)
                {
                    int count = Math.Min(rows, length - first), start = reach.Start(first);
                    int keys = reach.End(first + count - 1, length) - start;
                    bool begun = first + rows < length || head > group * layout.Share || reach.Radius is not null;
                    float* queries = qkv + at + (long)first * stride, key = qkv + atKey + (long)start * stride, value = key + size;
                    float* dKey = dQkv + atKey + (long)start * stride, dValue = dKey + size, dQuery = dQkv + at + (long)first * stride;
                    float* dOut = dy + atY + (long)first * width, outs = y + atY + (long)first * width;
                    MatrixProduct.MultiplyAlone(
                        count, keys, size, queries, stride, false, key, stride, true, scores, length, rounded: rounded);
                    MatrixProduct.MultiplyAlone(
                        count, keys, size, dOut, width, false, value, stride, true, dScores, length, rounded: rounded);
                    for (int i = 0; i < count; i++)
                    {
                        int position = first + i;
                        float logSum = logSums[((long)item * heads + head) * length + position];
                        float mean = VectorMath.Dot(dOut + (long)i * width, outs + (long)i * width, size);
                        long row = (long)i * length;
                        SoftmaxGradient(scores + row, dScores + row, reach, position, start, length, keys, scale, logSum, mean);
                    }
                    MatrixProduct.MultiplyAlone(
                        keys, size, count, scores, length, true, dOut, width, false, dValue, stride, begun, rounded);
                    MatrixProduct.MultiplyAlone(
                        count, size, keys, dScores, length, false, key, stride, false, dQuery, stride, rounded: rounded);
                    MatrixProduct.MultiplyAlone(
                        keys, size, count, dScores, length, true, queries, stride, false, dKey, stride, begun, rounded);
                }
            }
        });
    }

    /// <summary>
    /// Writes the gradients of what <see cref="ForwardAt"/> read: of the queries [n, heads, size] and of all keys and values.
    /// </summary>
    public static void BackwardAt(
        float* query, float* keyValues, float* y, float* logSums, float* dy, float* dQuery, float* dKeyValues, long* places, int[] starts,
        int length, HeadLayout layout, AttentionReach reach, bool rounded)
    {
        int rows = QueryRows(length), stride = layout.KeyValueWidth, width = layout.QueryWidth, heads = layout.Heads, size = layout.Size;
        float scale = Scale(size);
        Workers.Run((starts.Length - 1) * layout.Groups, task =>
        {
            int group = task % layout.Groups, item = task / layout.Groups;
            long from = (long)item * length * stride + layout.Keys.Offset(group);
            float* scores = Scratch.Floats(2, 2L * rows * length), dScores = scores + (long)rows * length;
            Clear(dKeyValues + from, stride, 2 * size, length);
            for (int head = group * layout.Share; head < (group + 1) * layout.Share; head++)
            {
                for (int first = starts[item]; first < starts[item + 1]; first += rows)
                {
                    int count = Math.Min(rows, starts[item + 1] - first);
                    int start = reach.Start(places[first] % length), keys = reach.End(places[first + count - 1] % length, length) - start;
                    long at = (long)first * width + head * size, atKey = from + (long)start * stride;
                    float* queries = query + at, dOut = dy + at, outs = y + at;
                    float* key = keyValues + atKey, value = key + size, dKey = dKeyValues + atKey, dValue = dKey + size;
                    MatrixProduct.MultiplyAlone(
                        count, keys, size, queries, width, false, key, stride, true, scores, length, rounded: rounded);
                    MatrixProduct.MultiplyAlone(
                        count, keys, size, dOut, width, false, value, stride, true, dScores, length, rounded: rounded);
                    for (int i = 0; i < count; i++)
                    {
                        long position = places[first + i] % length;
                        float mean = VectorMath.Dot(dOut + (long)i * width, outs + (long)i * width, size);
                        float logSum = logSums[(first + i) * (long)heads + head];
                        long row = (long)i * length;
                        SoftmaxGradient(scores + row, dScores + row, reach, position, start, length, keys, scale, logSum, mean);
                    }
                    MatrixProduct.MultiplyAlone(keys, size, count, scores, length, true, dOut, width, false, dValue, stride, true, rounded);
                    MatrixProduct.MultiplyAlone(
                        count, size, keys, dScores, length, false, key, stride, false, dQuery + at, width, rounded: rounded);
                    MatrixProduct.MultiplyAlone(
                        keys, size, count, dScores, length, true, queries, width, false, dKey, stride, true, rounded);
                }
            }
        });
    }

    internal static float Scale(int size) => (float)(1 / Math.Sqrt(size));

    // The scores of one block take at most half a megabyte up to some 2,700 keys, so that they stay in the second-level cache; beyond that
    // 48 rows are the fewest that pay.
    internal static int QueryRows(int length) => length <= 256 ? length : Math.Max(48, 131072 / length / 12 * 12);

    /// <summary>
    /// Softmax of scale * row over the keys that a position sees of <paramref name="count"/> keys, where row begins with the score of key
    /// <paramref name="start"/> and has <paramref name="keys"/> scores; zero at the others. Returns the log-sum-exp.
    /// </summary>
    internal static float Softmax(float* row, AttentionReach reach, long position, int start, int count, int keys, float scale)
    {
        int end = reach.End(position, count);
        reach.Hide(row, position, start, end);
        return Softmax(row, reach.First(position) - start, end - start, keys, scale);
    }

    /// <summary>
    /// Softmax of scale * row over the places from <paramref name="first"/> to <paramref name="end"/>, and zero at the other ones up to
    /// <paramref name="keys"/>; returns the log-sum-exp.
    /// </summary>
    private static float Softmax(float* row, int first, int end, int keys, float scale)
    {
        int whole = first / VectorMath.Lanes * VectorMath.Lanes;
        new Span<float>(row, whole).Clear();
        new Span<float>(row + whole, first - whole).Fill(float.NegativeInfinity);
        Vector512<float> high = Vector512.Create(float.NegativeInfinity);
        for (int i = whole; i < end; i += VectorMath.Lanes)
            high = Vector512.MaxNative(high, VectorMath.Load(row + i, end - i, float.NegativeInfinity));
        float top = VectorMath.Max(high) * scale;
        Vector512<float> sum = default, tops = Vector512.Create(-top), scales = Vector512.Create(scale);
        for (int i = whole; i < end; i += VectorMath.Lanes)
        {
            Vector512<float> p =
                VectorMath.Exp(Vector512.FusedMultiplyAdd(VectorMath.Load(row + i, end - i, float.NegativeInfinity), scales, tops));
            sum += p;
            VectorMath.Store(p, row + i, end - i);
        }
        float total = VectorMath.Sum(sum);
        Vector512<float> inverse = Vector512.Create(1 / total);
        for (int i = whole; i < end; i += VectorMath.Lanes)
            VectorMath.Store(VectorMath.Load(row + i, end - i) * inverse, row + i, end - i);
        for (int i = end; i < keys; i++)
            row[i] = 0;
        return top + MathF.Log(total);
    }

    /// <summary>Scores become probabilities p, dp becomes scale * p (dp - mean); both become zero where nothing is seen.</summary>
    private static void SoftmaxGradient(
        float* row, float* dp, AttentionReach reach, long position, int start, int count, int keys, float scale, float logSum, float mean)
    {
        int last = reach.End(position, count), first = reach.First(position) - start, end = last - start;
        reach.Hide(row, position, start, last);
        int whole = first / VectorMath.Lanes * VectorMath.Lanes;
        Vector512<float> scales = Vector512.Create(scale), logSums = Vector512.Create(-logSum), means = Vector512.Create(mean);
        for (int i = whole; i < end; i += VectorMath.Lanes)
        {
            Vector512<float> p = VectorMath.Exp(Vector512.FusedMultiplyAdd(VectorMath.Load(row + i, end - i), scales, logSums));
            VectorMath.Store((VectorMath.Load(dp + i, end - i) - means) * p * scales, dp + i, end - i);
            VectorMath.Store(p, row + i, end - i);
        }
        new Span<float>(row, first).Clear();
        new Span<float>(dp, first).Clear();
        for (int i = end; i < keys; i++)
            row[i] = dp[i] = 0;
    }

    private static void Clear(float* x, int stride, int count, int rows)
    {
        for (int i = 0; i < rows; i++)
            new Span<float>(x + (long)i * stride, count).Clear();
    }
}
