using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>
/// Log-probabilities of single tokens under softmax(x W^T + b) for a long W. The logits of a few columns at a time stay in the cache and go
/// into a maximum and a sum; they are never written down whole. A row's results do not depend on the other rows.
/// </summary>
internal static unsafe class VocabularyKernels
{
    // Columns whose logits are summed together. Another number would change the result's bits.
    private const int Columns = 64;

    // Rows that are computed at a time: with Columns, a quarter of a megabyte of logits.
    private const int Rows = 1024;

    /// <summary>
    /// Writes log p(targets[i]), nats, of row rows[i] of <paramref name="states"/> [count, k] under <paramref name="weight"/> [width, k]
    /// and <paramref name="bias"/> [width] (null: none). With <paramref name="others"/> (null: none) logits are others' +
    /// <paramref name="factor"/> (states' - others'). With <paramref name="rounded"/> the products' operands are rounded to bfloat16.
    /// </summary>
    public static void LogProbabilities(
        float* states, float* others, float factor, int count, int k, WeightMatrix weight, float* bias, int width, int[] rows,
        int[] targets, Span<double> destination, bool rounded = false)
    {
        foreach (int target in targets)
            if ((uint)target >= (uint)width)
                throw new ArgumentOutOfRangeException(nameof(targets), target, $"Targets are 0 to {width - 1}.");
        var wanted = new float[rows.Length];
        var logSums = new double[count];
        int groups = (width + Columns - 1) / Columns;
        int[][] queries = QueriesOf(targets, groups);
        var tops = new float[(long)groups * Math.Min(count, Rows)];
        var sums = new float[tops.Length];
        for (int first = 0; first < count; first += Rows)
        {
            int start = first, have = Math.Min(Rows, count - first);
            Workers.Run(groups, group =>
            {
                int column = group * Columns, columns = Math.Min(Columns, width - column);
                float* logits = Scratch.Floats(2, 2L * Rows * Columns), unguided = logits + (long)Rows * Columns;
                float* weights = weight.IsNarrow ? Widened(weight, column, columns, k) : weight.Floats + (long)column * k;
                MatrixProduct.MultiplyAlone(
                    have, columns, k, states + (long)start * k, k, false, weights, k, true, logits, Columns, rounded: rounded);
                if (others is not null)
                    MatrixProduct.MultiplyAlone(
                        have, columns, k, others + (long)start * k, k, false, weights, k, true, unguided, Columns, rounded: rounded);
                for (int row = 0; row < have; row++)
                {
                    float* at = logits + row * Columns, other = unguided + row * Columns;
                    if (bias is not null)
                        BiasKernels.AddToRow(at, bias + column, columns);
                    if (others is not null && bias is not null)
                        BiasKernels.AddToRow(other, bias + column, columns);
                    if (others is not null)
                        Guide(at, other, columns, factor);
                    (tops[group * have + row], sums[group * have + row]) = Sum(at, columns);
                }
                foreach (int query in queries[group])
                {
                    int row = rows[query] - start;
                    if (row >= 0 && row < have)
                        wanted[query] = logits[row * Columns + targets[query] - column];
                }
            });
            Workers.Rows(have, 64, (from, to) =>
            {
                for (int row = from; row < to; row++)
                    logSums[start + row] = LogSum(tops, sums, groups, have, row);
            });
        }
        for (int i = 0; i < rows.Length; i++)
            destination[i] = wanted[i] - logSums[rows[i]];
    }

    // In this thread's memory.
    private static float* Widened(WeightMatrix weight, int first, int rows, int k)
    {
        float* wide = Scratch.Floats(3, (long)rows * k);
        weight.CopyRows(first, rows, k, wide);
        return wide;
    }

    private static int[][] QueriesOf(int[] targets, int groups)
    {
        var lists = new int[groups][];
        Array.Fill(lists, []);
        foreach (IGrouping<int, int> group in Enumerable.Range(0, targets.Length).GroupBy(query => targets[query] / Columns))
            lists[group.Key] = [.. group];
        return lists;
    }

    /// <summary>logits = unguided + factor (logits - unguided).</summary>
    public static void Guide(float* logits, float* unguided, int count, float factor)
    {
        Vector512<float> factors = Vector512.Create(factor);
        for (int i = 0; i < count; i += VectorMath.Lanes)
        {
            Vector512<float> u = VectorMath.Load(unguided + i, count - i);
            VectorMath.Store(u + (VectorMath.Load(logits + i, count - i) - u) * factors, logits + i, count - i);
        }
    }

    // The largest logit, and the sum of e^(logit - largest).
    private static (float Top, float Sum) Sum(float* row, int count)
    {
        Vector512<float> high = Vector512.Create(float.NegativeInfinity);
        for (int i = 0; i < count; i += VectorMath.Lanes)
            high = Vector512.MaxNative(high, VectorMath.Load(row + i, count - i, float.NegativeInfinity));
        float top = VectorMath.Max(high);
        Vector512<float> sum = default, tops = Vector512.Create(top);
        for (int i = 0; i < count; i += VectorMath.Lanes)
            sum += VectorMath.Exp(VectorMath.Load(row + i, count - i, float.NegativeInfinity) - tops);
        return (top, VectorMath.Sum(sum));
    }

    private static double LogSum(float[] tops, float[] sums, int groups, int stride, int row)
    {
        float top = float.NegativeInfinity;
        for (int group = 0, at = row; group < groups; group++, at += stride)
            top = MathF.Max(top, tops[at]);
        double sum = 0;
        for (int group = 0, at = row; group < groups; group++, at += stride)
            sum += sums[at] * (double)MathF.Exp(tops[at] - top);
        return top + Math.Log(sum);
    }
}
