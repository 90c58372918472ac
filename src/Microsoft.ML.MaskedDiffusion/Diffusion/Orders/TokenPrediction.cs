namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// What a network says about one masked position in a step: the token chosen for it and how sure the network is. All probabilities are
/// those of softmax(logits) after guidance, penalties, biases and forbidden tokens, and before temperature, top-k, top-p and min-p, which
/// act on the choice alone unless <see cref="SamplingOptions.OrderSeesKeptTokens"/> says otherwise. With
/// <see cref="SamplingOptions.PostponedTokens"/> they are those among the other tokens, and 0 where one of these is chosen.
/// </summary>
/// <param name="Position">The position in the row.</param>
/// <param name="Token">The token chosen; -1 where nothing was predicted because order and count do not ask for it.</param>
/// <param name="Probability">The chosen token's probability, 0 to 1; NaN where nothing was predicted, as all that follows but Draw.</param>
/// <param name="TopProbability">The probability of the most probable token, 0 to 1.</param>
/// <param name="SecondProbability">The probability of the second most probable token, 0 to 0.5.</param>
/// <param name="Entropy">The entropy of the position's distribution in nats, 0 to the logarithm of the vocabulary's size.</param>
/// <param name="Draw">
/// A uniform draw from 0 to 1, of this position's own in this step; NaN where a likelihood is computed, which has no draws.
/// </param>
public readonly record struct TokenPrediction(
    int Position,
    int Token,
    double Probability,
    double TopProbability,
    double SecondProbability,
    double Entropy,
    double Draw)
{
    /// <summary>The logarithm of <see cref="Probability"/> in nats, also where that is too small to be above 0; NaN as that is.</summary>
    internal double LogProbability { get; init; } = double.NaN;
}
