using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>A token picked for a position, and how early the position should be filled (higher is earlier).</summary>
internal readonly record struct TokenChoice(int Token, double Priority)
{
    /// <summary>
    /// Picks from logits: the largest, or under a temperature the largest of logit + temperature * Gumbel noise, in fp64, which draws from
    /// softmax(logits / temperature) (fp32 noise would cut its tail off; Zheng et al., "Masked Diffusion Models are Secretly
    /// Time-Agnostic", 2024). The priority looks at the logits without noise. Of equal tokens the lowest id wins.
    /// </summary>
    public static TokenChoice Pick(ReadOnlySpan<float> logits, double temperature, CounterRandom random, SamplingOrder order)
    {
        int token = 0;
        double best = double.NegativeInfinity;
        for (int i = 0; i < logits.Length; i++)
        {
            double score = temperature == 0 ? logits[i] : logits[i] - temperature * Math.Log(-Math.Log(random.NextDouble()));
            if (score > best)
                (token, best) = (i, score);
            else if (double.IsNaN(score))
                best = double.NaN;   // stays, as nothing is larger than NaN
        }
        if (!double.IsFinite(best))
        {
            throw new NotFiniteNumberException("The network's logits are not finite: its weights are damaged or overflow; "
                + "load an intact copy of the model, or train it anew with a lower learning rate.", best);
        }
        return new TokenChoice(token, order == SamplingOrder.Random ? 0 : PriorityOf(logits, token, order));
    }

    private static double PriorityOf(ReadOnlySpan<float> logits, int token, SamplingOrder order)
    {
        double top = double.NegativeInfinity, second = double.NegativeInfinity;
        foreach (float logit in logits)
        {
            if (logit > top)
                (top, second) = (logit, top);
            else if (logit > second)
                second = logit;
        }
        double sum = 0, weighted = 0;
        foreach (float logit in logits)
        {
            double weight = Math.Exp(logit - top);
            sum += weight;
            if (weight > 0)
                weighted += weight * (logit - top);
        }
        return order switch
        {
            SamplingOrder.Margin => (1 - Math.Exp(second - top)) / sum,
            SamplingOrder.Entropy => weighted / sum - Math.Log(sum),   // minus the entropy
            _ => Math.Exp(logits[token] - top) / sum,
        };
    }
}
