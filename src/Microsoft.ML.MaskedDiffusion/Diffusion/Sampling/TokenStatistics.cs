using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>What one look at a position's logits gives. Logits of minus infinity are tokens of probability 0.</summary>
/// <param name="Top">The id of the largest logit, the lowest of equal ones.</param>
/// <param name="TopLogit">The largest logit.</param>
/// <param name="SecondLogit">The second largest logit.</param>
/// <param name="LogSum">log Σ e^logit.</param>
/// <param name="Entropy">The entropy of softmax(logits), nats.</param>
internal readonly record struct TokenStatistics(int Top, float TopLogit, float SecondLogit, double LogSum, double Entropy)
{
    /// <exception cref="NotFiniteNumberException">A logit is NaN or infinity.</exception>
    /// <exception cref="InvalidOperationException">All tokens are forbidden.</exception>
    public static TokenStatistics Of(ReadOnlySpan<float> logits) => Of(DistributionKernels.Summarize(logits));

    /// <inheritdoc cref="Of(ReadOnlySpan{float})"/>
    public static TokenStatistics Of(in DistributionSummary summary)
    {
        if (summary.Id < 0)
        {
            throw new NotFiniteNumberException("The network's logits are not finite: its weights are damaged or overflow; "
                + "load an intact copy of the model, or train it anew with a lower learning rate.", double.NaN);
        }
        if (float.IsNegativeInfinity(summary.Top))
        {
            throw new InvalidOperationException(
                "No token may be chosen here: SuppressedTokens, or what makes whole characters, forbids all. Suppress fewer tokens.");
        }
        return new TokenStatistics(summary.Id, summary.Top, summary.Second, summary.LogSumExp, summary.Entropy);
    }

    /// <summary>The probability of a logit.</summary>
    public double Probability(float logit) => Math.Exp(logit - LogSum);
}
