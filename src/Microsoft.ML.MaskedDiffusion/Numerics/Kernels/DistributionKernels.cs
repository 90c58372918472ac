using System.Runtime.Intrinsics;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>What a sampler wants to know about the distribution that logits stand for, without writing it down.</summary>
internal static unsafe class DistributionKernels
{
    // Vectors whose terms are added up in floats before they go to doubles.
    private const int Group = 8;

    /// <summary>
    /// The two largest logits, the log-sum-exp and the entropy of softmax(logits), in two passes on the caller's thread. Logits of minus
    /// infinity have no probability. If any logit is NaN or plus infinity, all numbers of the result are NaN and the id is -1; if all are
    /// minus infinity, so is the largest.
    /// </summary>
    /// <exception cref="ArgumentException">There are no logits.</exception>
    public static DistributionSummary Summarize(ReadOnlySpan<float> logits)
    {
        if (logits.IsEmpty)
            throw new ArgumentException("A distribution has at least one logit.", nameof(logits));
        fixed (float* row = logits)
        {
            (int id, float top, float second) = Largest(row, logits.Length);
            if (id < 0)
                return new DistributionSummary(-1, float.NaN, float.NaN, double.NaN, double.NaN);
            if (float.IsNegativeInfinity(top))
                return new DistributionSummary(0, top, top, top, double.NaN);
            (double others, double weighted) = Terms(row, logits.Length, top);
            // The entropy is log S - sum(t e^t) / S with t = logit - top and S = sum(e^t) = 1 + others. Neither term is negative.
            double log = LogOfOnePlus(others);
            return new DistributionSummary(id, top, second, top + log, log - weighted / (1 + others));
        }
    }

    // The first place of the largest logit, it, and the next largest, which is equal to it if it is there twice; -1 if one is no number.
    private static (int Id, float Top, float Second) Largest(float* row, int count)
    {
        Vector512<float> first = Vector512.Create(float.NegativeInfinity), second = first, isNumber = Vector512<float>.AllBitsSet;
        Vector512<int> place = Vector512<int>.Zero, at = Vector512.CreateSequence(0, 1);
        for (int i = 0; i < count; i += VectorMath.Lanes, at += Vector512.Create(VectorMath.Lanes))
        {
            Vector512<float> x = VectorMath.Load(row + i, count - i, float.NegativeInfinity);
            isNumber &= Vector512.Equals(x, x);
            place = Vector512.ConditionalSelect(Vector512.GreaterThan(x, first).AsInt32(), at, place);
            second = Vector512.MaxNative(second, Vector512.MinNative(first, x));
            first = Vector512.MaxNative(first, x);
        }
        float top = VectorMath.Max(first), next = float.NegativeInfinity;
        if (float.IsPositiveInfinity(top) || !Vector512.EqualsAll(isNumber.AsInt32(), Vector512<int>.AllBitsSet))
            return (-1, top, top);
        int id = int.MaxValue, lane = 0;
        for (int i = 0; i < VectorMath.Lanes; i++)
        {
            if (first[i] == top && place[i] < id)
                (id, lane) = (place[i], i);
        }
        for (int i = 0; i < VectorMath.Lanes; i++)
            next = MathF.Max(next, i == lane ? second[i] : first[i]);
        return (id, top, next);
    }

    // The sums of e^t and of t e^t for t = logit - top, but for the 1 of the largest logit itself: beside it a sum of small terms would be
    // lost. Each other logit that is as large is counted.
    private static (double Others, double Weighted) Terms(float* row, int count, float top)
    {
        Vector512<float> tops = Vector512.Create(top), least = Vector512.Create(-100f);
        Vector512<int> equal = default;
        Vector512<double> others = default, weighted = default;
        for (int start = 0; start < count; start += Group * VectorMath.Lanes)
        {
            Vector512<float> sum = default, weightedSum = default;
            int end = Math.Min(count, start + Group * VectorMath.Lanes);
            for (int i = start; i < end; i += VectorMath.Lanes)
            {
                // Below -87 the exponential is zero, and minus infinity times zero would be no number.
                Vector512<float> t = Vector512.MaxNative(VectorMath.Load(row + i, count - i, float.NegativeInfinity) - tops, least);
                Vector512<float> isTop = Vector512.Equals(t, Vector512<float>.Zero);
                Vector512<float> e = Vector512.AndNot(VectorMath.Exp(t), isTop);
                equal -= isTop.AsInt32();
                sum += e;
                weightedSum = Vector512.FusedMultiplyAdd(t, e, weightedSum);
            }
            others += Vector512.WidenLower(sum) + Vector512.WidenUpper(sum);
            weighted += Vector512.WidenLower(weightedSum) + Vector512.WidenUpper(weightedSum);
        }
        return (Vector512.Sum(equal) - 1 + Vector512.Sum(others), Vector512.Sum(weighted));
    }

    // log(1 + x) for x of 0 and more, also where 1 + x has lost x's digits.
    private static double LogOfOnePlus(double x)
    {
        double sum = 1 + x;
        return sum == 1 ? x : Math.Log(sum) * (x / (sum - 1));
    }
}

/// <summary>A distribution in a few numbers.</summary>
/// <param name="Id">The first of the largest logits.</param>
/// <param name="Top">The largest logit.</param>
/// <param name="Second">The next largest, equal to it where the largest is there twice; minus infinity where there is no other.</param>
/// <param name="LogSumExp">The logarithm of the sum of all exponentials: log p = logit - this.</param>
/// <param name="Entropy">In nats.</param>
internal readonly record struct DistributionSummary(int Id, float Top, float Second, double LogSumExp, double Entropy);
