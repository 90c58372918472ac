namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>Makes tokens less probable that a text already has.</summary>
internal static class RepetitionPenalty
{
    /// <summary>Divides the positive logits of tokens by the penalty and multiplies the others with it, in place.</summary>
    /// <param name="logits">The logits [vocabulary].</param>
    /// <param name="tokens">The text's tokens; only read where repetition is penalized.</param>
    /// <param name="options">Has the penalty; 1 changes nothing.</param>
    /// <param name="maskTokenId">The mask token, which is no repetition.</param>
    public static void Apply(Span<float> logits, IEnumerable<int> tokens, SamplingOptions options, int maskTokenId)
    {
        float penalty = (float)options.RepetitionPenalty;
        if (penalty == 1)
            return;
        foreach (int token in tokens.Distinct())
        {
            if (token == maskTokenId || token >= logits.Length)
                continue;
            logits[token] = logits[token] > 0 ? logits[token] / penalty : logits[token] * penalty;
        }
    }
}
