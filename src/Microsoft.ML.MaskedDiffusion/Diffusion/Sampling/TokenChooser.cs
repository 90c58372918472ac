using System.Buffers;
using System.Numerics.Tensors;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>
/// Chooses a token from a position's logits: the largest, or under a temperature the largest of logit + temperature * Gumbel noise in
/// 64 bits, which draws from softmax(logits / temperature); 32-bit noise would cut its tail off (Zheng et al., "Masked Diffusion Models
/// are Secretly Time-Agnostic", 2024). Of equal tokens the lowest id wins. Thread-safe.
/// </summary>
internal sealed class TokenChooser(SamplingOptions options)
{
    /// <summary>The choice, and what orders and counts look at.</summary>
    /// <param name="logits">The logits, as the order sees them; filtered in place.</param>
    /// <param name="position">The position.</param>
    /// <param name="step">The number of the step, for draws.</param>
    /// <param name="draws">The row's draws.</param>
    /// <exception cref="NotFiniteNumberException">The logits are not finite.</exception>
    public TokenPrediction Choose(Span<float> logits, int position, int step, ISamplingDraws draws)
    {
        double temperature = options.Temperature;
        if (options.OrderSeesKeptTokens && temperature > 0)
        {
            Divide(logits, temperature);
            temperature = 1;
        }
        TokenStatistics seen = TokenStatistics.Of(logits);
        bool filtersFirst = options.FiltersTokens && options.OrderSeesKeptTokens;
        OtherTokens? others = filtersFirst ? null : OthersOf(logits);
        float chosenLogit = seen.TopLogit;
        int token = seen.Top;
        if (filtersFirst || (options.FiltersTokens && temperature > 0))
        {
            TokenFilter.Apply(logits, options, temperature);
            if (filtersFirst)
            {
                seen = TokenStatistics.Of(logits);
                others = OthersOf(logits);
            }
        }
        if (temperature > 0)
        {
            token = Draw(logits, seen.TopLogit, temperature, position, step, draws);
            chosenLogit = logits[token];
        }
        TokenPrediction prediction = Prediction(seen, token, chosenLogit, position, step, draws);
        return others?.Judge(prediction, chosenLogit, logits.Length) ?? prediction;
    }

    /// <summary>Whether the most probable token is always chosen, and nothing but <see cref="TokenStatistics"/> looked at.</summary>
    public bool IsGreedy =>
        options.Temperature == 0 && !options.PostponesTokens && !(options.FiltersTokens && options.OrderSeesKeptTokens);

    /// <summary>The most probable token.</summary>
    public static TokenPrediction Top(in TokenStatistics seen, int position, int step, ISamplingDraws draws) =>
        Prediction(seen, seen.Top, seen.TopLogit, position, step, draws);

    /// <summary>The token that is given, with its probability.</summary>
    public static TokenPrediction Force(ReadOnlySpan<float> logits, int token, int position, int step, ISamplingDraws draws) =>
        Prediction(TokenStatistics.Of(logits), token, logits[token], position, step, draws);

    private static TokenPrediction Prediction(
        in TokenStatistics seen, int token, float logit, int position, int step, ISamplingDraws draws) => new(
            position, token, seen.Probability(logit), seen.Probability(seen.TopLogit), seen.Probability(seen.SecondLogit),
            Math.Max(0, seen.Entropy), draws.OfPosition(step, position))
        {
            LogProbability = logit - seen.LogSum,
        };

    // Logits over the temperature, from the largest one down, so that a tiny temperature leaves that one.
    private static void Divide(Span<float> logits, double temperature)
    {
        float top = TensorPrimitives.Max(logits);
        if (float.IsNegativeInfinity(top))
            return;
        foreach (ref float logit in logits)
            logit = (float)(((double)logit - top) / temperature);
    }

    // Where some tokens are filled last, the order looks at the probabilities of the others among themselves.
    private OtherTokens? OthersOf(Span<float> logits) =>
        options.PostponesTokens ? OtherTokens.Of(logits, options.PostponedTokens!) : null;

    // With E = -ln u, the largest logit - temperature * ln E has the smallest E / e^(logit / temperature). As E is at least 1 - u, the
    // logarithm of most draws need not be taken.
    private static int Draw(
        ReadOnlySpan<float> logits, float top, double temperature, int position, int step, ISamplingDraws draws)
    {
        double[] uniform = ArrayPool<double>.Shared.Rent(logits.Length);
        draws.OfTokens(step, position, uniform.AsSpan(0, logits.Length));
        double best = double.NegativeInfinity, bestRatio = double.PositiveInfinity;
        int token = -1;
        for (int id = 0; id < logits.Length; id++)
        {
            double weight = Math.Exp(((double)logits[id] - top) / temperature);
            // The margin is far above the rounding of the three operations.
            if ((1 - uniform[id]) * (1 - 1e-9) > bestRatio * weight)
                continue;
            double noise = Math.Log(-Math.Log(uniform[id])), score = logits[id] - temperature * noise;
            if (score > best)
            {
                (token, best) = (id, score);
                bestRatio = Math.Exp(noise) / weight;
            }
        }
        ArrayPool<double>.Shared.Return(uniform);
        // All draws were 0, or rounding at a tiny temperature hid the scores: the limit is the most probable token.
        return token >= 0 ? token : logits.IndexOf(top);
    }
}
