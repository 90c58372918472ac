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
        Workers.Run(batch * heads * blocks, task =>
        {
            int block = task % blocks, head = task / blocks % heads, item = task / blocks / heads;
            int first = block * rows, count = Math.Min(rows, length - first);
            int start = reach.Start(first), keys = reach.End(first + count - 1, length) - start;
            float* from = qkv + (long)item * length * stride, query = from + layout.FusedQueries.Offset(head) + (long)first * stride;
            float* key = from + layout.KeyOffset + layout.FusedKeys.Offset(head / layout.Share) + (long)start * stride;
            long at = ((long)item * length + first) * width + head * size;
            var queries = new QueryBlock(count, size, length, reach, rounded)
            {
                FirstPosition = first,
                LogSums = logSums is null ? null : logSums + ((long)item * heads + head) * length + first,
                LogSumStride = 1,
            };
            queries.Forward(query, stride, key, stride, start, keys, y + at, width, Scratch.Floats(2, (long)rows * length));
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
        Workers.Run((starts.Length - 1) * heads, task =>
        {
            int head = task % heads, item = task / heads;
            float* all = keyValues + (long)item * length * stride + layout.Keys.Offset(head / layout.Share);
            for (int first = starts[item]; first < starts[item + 1]; first += rows)
            {
                int count = Math.Min(rows, starts[item + 1] - first);
                int start = reach.Start(places[first] % length), keys = reach.End(places[first + count - 1] % length, length) - start;
                long at = (long)first * width + head * size;
                var queries = new QueryBlock(count, size, length, reach, rounded)
                {
                    Places = places + first,
                    LogSums = logSums is null ? null : logSums + (long)first * heads + head,
                    LogSumStride = heads,
                };
                float* key = all + (long)start * stride, scores = Scratch.Floats(2, (long)rows * length);
                queries.Forward(query + at, width, key, stride, start, keys, y + at, width, scores);
            }
        });
    }

    /// <summary>Writes the gradient of the fused projection, given <paramref name="dy"/> and what the forward pass wrote.</summary>
    public static void Backward(
        float* qkv, float* y, float* logSums, float* dy, float* dQkv, int batch, int length, HeadLayout layout, AttentionReach reach,
        bool rounded = false)
    {
        int rows = QueryRows(length), stride = layout.ProjectionWidth, width = layout.QueryWidth, heads = layout.Heads, size = layout.Size;
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
                    float* query = qkv + at + (long)first * stride, dQuery = dQkv + at + (long)first * stride;
                    float* key = qkv + atKey + (long)start * stride, dKey = dQkv + atKey + (long)start * stride;
                    float* outs = y + atY + (long)first * width, dOut = dy + atY + (long)first * width;
                    var queries = new QueryBlock(count, size, length, reach, rounded)
                    {
                        FirstPosition = first,
                        LogSums = logSums + ((long)item * heads + head) * length + first,
                        LogSumStride = 1,
                    };
                    queries.Backward(
                        query, dQuery, stride, key, dKey, stride, start, keys, outs, dOut, width, scores, dScores, begun);
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
                    var queries = new QueryBlock(count, size, length, reach, rounded)
                    {
                        Places = places + first,
                        LogSums = logSums + (long)first * heads + head,
                        LogSumStride = heads,
                    };
                    queries.Backward(
                        query + at, dQuery + at, width, keyValues + atKey, dKeyValues + atKey, stride, start, keys, y + at, dy + at, width,
                        scores, dScores, begun: true);
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

    /// <summary>
    /// Queries of one head that are computed together, wherever they stand. Rows of scores are [length] numbers apart; a value follows its
    /// key.
    /// </summary>
    private readonly struct QueryBlock(int count, int size, int length, AttentionReach reach, bool rounded)
    {
        /// <summary>The position of the first query, which the others follow, where <see cref="Places"/> is null.</summary>
        public int FirstPosition { get; init; }

        /// <summary>The place of each query: item * length + position.</summary>
        public long* Places { get; init; }

        /// <summary>The log-sum-exp of the first query; null where none is kept.</summary>
        public float* LogSums { get; init; }

        /// <summary>From the log-sum-exp of a query to that of the next.</summary>
        public required int LogSumStride { get; init; }

        /// <summary>
        /// Writes the values that the queries mix of <paramref name="keys"/> keys, the first of which is key <paramref name="start"/>.
        /// </summary>
        public void Forward(
            float* query, int queryStride, float* key, int keyStride, int start, int keys, float* y, int width, float* scores)
        {
            float scale = Scale(size);
            MatrixProduct.MultiplyAlone(
                count, keys, size, query, queryStride, false, key, keyStride, true, scores, length, rounded: rounded);
            for (int i = 0; i < count; i++)
            {
                float logSum = Softmax(scores + (long)i * length, reach, Position(i), start, length, keys, scale);
                if (LogSums is not null)
                    LogSums[(long)i * LogSumStride] = logSum;
            }
            MatrixProduct.MultiplyAlone(
                count, size, keys, scores, length, false, key + size, keyStride, false, y, width, rounded: rounded);
        }

        /// <summary>
        /// Writes the gradients of the queries and, or adds to them where they are <paramref name="begun"/>, those of keys and values.
        /// </summary>
        public void Backward(
            float* query, float* dQuery, int queryStride, float* key, float* dKey, int keyStride, int start, int keys, float* y, float* dy,
            int width, float* scores, float* dScores, bool begun)
        {
            float scale = Scale(size);
            MatrixProduct.MultiplyAlone(
                count, keys, size, query, queryStride, false, key, keyStride, true, scores, length, rounded: rounded);
            MatrixProduct.MultiplyAlone(
                count, keys, size, dy, width, false, key + size, keyStride, true, dScores, length, rounded: rounded);
            for (int i = 0; i < count; i++)
            {
                float logSum = LogSums[(long)i * LogSumStride], mean = VectorMath.Dot(dy + (long)i * width, y + (long)i * width, size);
                long row = (long)i * length;
                SoftmaxGradient(scores + row, dScores + row, reach, Position(i), start, length, keys, scale, logSum, mean);
            }
            MatrixProduct.MultiplyAlone(
                keys, size, count, scores, length, true, dy, width, false, dKey + size, keyStride, begun, rounded);
            MatrixProduct.MultiplyAlone(
                count, size, keys, dScores, length, false, key, keyStride, false, dQuery, queryStride, rounded: rounded);
            MatrixProduct.MultiplyAlone(
                keys, size, count, dScores, length, true, query, queryStride, false, dKey, keyStride, begun, rounded);
        }

        private long Position(int index) => Places is null ? FirstPosition + index : Places[index] % length;
    }
}
