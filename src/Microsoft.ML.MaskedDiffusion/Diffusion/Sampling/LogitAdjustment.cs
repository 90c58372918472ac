namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>Biases, penalties and forbidden tokens: what changes logits before an order looks at them.</summary>
internal static class LogitAdjustment
{
    /// <summary>Changes the logits of a position in place.</summary>
    /// <param name="logits">The logits [vocabulary].</param>
    /// <param name="request">The row.</param>
    /// <param name="options">The options.</param>
    /// <param name="tokens">The row's tokens; only read where repetition is penalized.</param>
    /// <param name="position">The position.</param>
    /// <param name="maskTokenId">The mask token, which is no repetition.</param>
    public static void Apply(
        Span<float> logits, SamplingRequest request, SamplingOptions options, IEnumerable<int> tokens, int position, int maskTokenId)
    {
        if (options.RepetitionPenalty != 1)
            Penalize(logits, tokens, maskTokenId, (float)options.RepetitionPenalty);
        foreach ((int id, double bias) in options.TokenBias ?? EmptyBias)
            logits[id] += (float)bias;
        foreach (int id in options.SuppressedTokens ?? [])
            logits[id] = float.NegativeInfinity;
        if (request.EndOfTextId is not { } end)
            return;
        logits[end] = position < request.FirstEnd ? float.NegativeInfinity : logits[end] - (float)request.EndOfTextPenalty;
    }

    private static Dictionary<int, double> EmptyBias { get; } = [];

    private static void Penalize(Span<float> logits, IEnumerable<int> tokens, int maskTokenId, float penalty)
    {
        foreach (int token in tokens.Distinct())
        {
            if (token == maskTokenId || token >= logits.Length)
                continue;
            logits[token] = logits[token] > 0 ? logits[token] / penalty : logits[token] * penalty;
        }
    }
}
