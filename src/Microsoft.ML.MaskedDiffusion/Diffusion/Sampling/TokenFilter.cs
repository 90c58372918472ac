using System.Buffers;
using System.Numerics.Tensors;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>Top-k, top-p and min-p: sets the logits of the tokens that are not kept to minus infinity.</summary>
internal static class TokenFilter
{
    private const int Bins = 256;

    /// <summary>Filters logits in place.</summary>
    /// <param name="logits">The logits.</param>
    /// <param name="options">Which tokens are kept.</param>
    /// <param name="temperature">Makes the distribution that is filtered; 0 stands for 1.</param>
    public static void Apply(Span<float> logits, SamplingOptions options, double temperature)
    {
        if (temperature == 0)
            temperature = 1;
        if (options.TopK is { } k && k < logits.Length)
            Keep(logits, Largest(logits, k));
        if (options.TopP < 1)
            Keep(logits, NucleusEnd(logits, options.TopP, temperature));
        if (options.MinP > 0)
            Keep(logits, TensorPrimitives.Max<float>(logits) + temperature * Math.Log(options.MinP));
    }

    private static void Keep(Span<float> logits, double least)
    {
        foreach (ref float logit in logits)
        {
            if (logit < least)
                logit = float.NegativeInfinity;
        }
    }

    // The k-th largest logit, by a heap of the k largest so far.
    private static float Largest(ReadOnlySpan<float> logits, int k)
    {
        var largest = new PriorityQueue<float, float>(k + 1);
        foreach (float logit in logits)
        {
            if (largest.Count < k)
                largest.Enqueue(logit, logit);
            else if (logit > largest.Peek())
                largest.EnqueueDequeue(logit, logit);
        }
        return largest.Peek();
    }

    // The logit of the first token, from the most probable one down, with which the sum of probabilities is above p. Only those tokens are
    // sorted among which it is: probabilities are added up in bins of equal width in the logit.
    private static double NucleusEnd(ReadOnlySpan<float> logits, double p, double temperature)
    {
        float top = TensorPrimitives.Max(logits);
        double[] rented = ArrayPool<double>.Shared.Rent(logits.Length);
        Span<double> weights = rented.AsSpan(0, logits.Length);
        TensorPrimitives.ConvertTruncating(logits, weights);
        TensorPrimitives.Subtract(weights, top, weights);
        TensorPrimitives.Divide(weights, temperature, weights);
        TensorPrimitives.Exp(weights, weights);
        double total = TensorPrimitives.Sum<double>(weights);
        // All tokens below this probability together have less than 1 - p, so the nucleus ends above it.
        double least = top + temperature * Math.Log((1 - p) / logits.Length * total), width = (top - least) / Bins;
        Span<double> sums = stackalloc double[Bins];
        sums.Clear();
        for (int i = 0; i < logits.Length; i++)
        {
            if (logits[i] >= least)
                sums[Bin(logits[i])] += weights[i];
        }
        double sum = 0;
        int bin = 0;
        while (bin < Bins - 1 && sum + sums[bin] <= p * total)
            sum += sums[bin++];
        float[] candidates = ArrayPool<float>.Shared.Rent(logits.Length);
        int count = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            if (logits[i] < least || Bin(logits[i]) != bin)
                continue;
            weights[count] = weights[i];
            candidates[count++] = logits[i];
        }
        Array.Sort(candidates, rented, 0, count);
        int at = count;
        while (at > 0 && sum <= p * total)
            sum += weights[--at];
        double end = at < count ? candidates[at] : least;
        ArrayPool<float>.Shared.Return(candidates);
        ArrayPool<double>.Shared.Return(rented);
        return end;

        int Bin(float logit) => Math.Min(Bins - 1, (int)((top - logit) / width));
    }
}
