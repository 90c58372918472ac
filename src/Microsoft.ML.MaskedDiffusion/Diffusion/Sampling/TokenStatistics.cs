namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>What one pass over a position's logits gives. Logits of minus infinity are tokens of probability 0.</summary>
/// <param name="Top">The id of the largest logit, the lowest of equal ones.</param>
/// <param name="TopLogit">The largest logit.</param>
/// <param name="SecondLogit">The second largest logit.</param>
/// <param name="LogSum">log Σ e^logit.</param>
/// <param name="Entropy">The entropy of softmax(logits), nats.</param>
internal readonly record struct TokenStatistics(int Top, float TopLogit, float SecondLogit, double LogSum, double Entropy)
{
    /// <exception cref="NotFiniteNumberException">A logit is NaN or infinity, or all are minus infinity.</exception>
    public static TokenStatistics Of(ReadOnlySpan<float> logits)
    {
        int token = 0;
        float top = float.NegativeInfinity, second = float.NegativeInfinity;
        bool isFinite = true;
        for (int i = 0; i < logits.Length; i++)
        {
            float logit = logits[i];
            if (logit > top)
                (token, top, second) = (i, logit, top);
            else if (logit > second)
                second = logit;
            isFinite &= !float.IsNaN(logit);
        }
        if (!isFinite || !float.IsFinite(top))
        {
            throw new NotFiniteNumberException("The network's logits are not finite: its weights are damaged or overflow; "
                + "load an intact copy of the model, or train it anew with a lower learning rate.", isFinite ? top : double.NaN);
        }
        double sum = 0, weighted = 0;
        foreach (float logit in logits)
        {
            double weight = Math.Exp((double)logit - top);
            sum += weight;
            if (weight > 0)
                weighted += weight * ((double)logit - top);
        }
        return new TokenStatistics(token, top, second, top + Math.Log(sum), Math.Log(sum) - weighted / sum);
    }

    /// <summary>The probability of a logit.</summary>
    public double Probability(float logit) => Math.Exp(logit - LogSum);
}
