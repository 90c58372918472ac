using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>
/// A position's distribution among the tokens that are not postponed, which is what orders and counts see where some are.
/// </summary>
/// <param name="Postponed">The tokens that are filled last.</param>
/// <param name="Statistics">The distribution of the others; null where they have no probability.</param>
internal readonly record struct OtherTokens(IReadOnlyList<int> Postponed, TokenStatistics? Statistics)
{
    /// <summary>Looks at logits, which are the same afterwards.</summary>
    /// <param name="logits">The logits.</param>
    /// <param name="postponed">The tokens that are filled last; at least one.</param>
    public static OtherTokens Of(Span<float> logits, IReadOnlyList<int> postponed)
    {
        Span<float> own = postponed.Count <= 64 ? stackalloc float[postponed.Count] : new float[postponed.Count];
        for (int i = 0; i < own.Length; i++)
        {
            own[i] = logits[postponed[i]];
            logits[postponed[i]] = float.NegativeInfinity;
        }
        DistributionSummary summary = DistributionKernels.Summarize(logits);
        // From the last to the first, so that an id that is named twice gets its own logit back.
        for (int i = own.Length - 1; i >= 0; i--)
            logits[postponed[i]] = own[i];
        return new OtherTokens(postponed, float.IsNegativeInfinity(summary.Top) ? null : TokenStatistics.Of(summary));
    }

    /// <summary>
    /// The same choice as orders and counts see it. <see cref="TokenPrediction.LogProbability"/> stays that of the choice.
    /// </summary>
    /// <param name="choice">The choice among all tokens.</param>
    /// <param name="logit">The chosen token's logit.</param>
    /// <param name="vocabularySize">Tokens that there are.</param>
    public TokenPrediction Judge(in TokenPrediction choice, float logit, int vocabularySize)
    {
        if (Statistics is not { } seen || Postponed.Contains(choice.Token))
        {
            return choice with { Probability = 0, TopProbability = 0, SecondProbability = 0, Entropy = Math.Log(vocabularySize) };
        }
        return choice with
        {
            Probability = seen.Probability(logit),
            TopProbability = seen.Probability(seen.TopLogit),
            SecondProbability = seen.Probability(seen.SecondLogit),
            Entropy = Math.Max(0, seen.Entropy),
        };
    }
}
