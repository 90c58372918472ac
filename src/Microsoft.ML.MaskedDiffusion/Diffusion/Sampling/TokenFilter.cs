using System.Buffers;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>Top-k, top-p and min-p: sets the logits of the tokens that are not kept to minus infinity.</summary>
internal static class TokenFilter
{
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
            Keep(logits, Top(logits) + temperature * Math.Log(options.MinP));
    }

    private static void Keep(Span<float> logits, double least)
    {
        foreach (ref float logit in logits)
        {
            if (logit < least)
                logit = float.NegativeInfinity;
        }
    }

    private static float Top(ReadOnlySpan<float> logits)
    {
        float top = float.NegativeInfinity;
        foreach (float logit in logits)
            top = Math.Max(top, logit);
        return top;
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

    // The logit of the first token, from the most probable one down, with which the sum of probabilities is above p.
    private static float NucleusEnd(ReadOnlySpan<float> logits, double p, double temperature)
    {
        float top = Top(logits);
        double total = 0;
        foreach (float logit in logits)
            total += Math.Exp((logit - top) / temperature);
        // All tokens below this probability together have less than 1 - p, so the nucleus ends above it.
        double least = top + temperature * Math.Log((1 - p) / logits.Length * total);
        float[] candidates = ArrayPool<float>.Shared.Rent(logits.Length);
        int count = 0;
        foreach (float logit in logits)
        {
            if (logit >= least)
                candidates[count++] = logit;
        }
        Array.Sort(candidates, 0, count);
        double sum = 0;
        int at = count;
        while (at > 0 && sum <= p * total)
            sum += Math.Exp((candidates[--at] - top) / temperature);
        float end = at < count ? candidates[at] : top;
        ArrayPool<float>.Shared.Return(candidates);
        return end;
    }
}
