namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>
/// The loss of one position under hybrid noise, but for the network's prediction p. With the ratio r of what is left of the token to the
/// uniform noise of each token, the loss in nats is
/// <c>DivergenceWeight ((1 + r) log(1 + r) - r log(1 + r p(target)) - sum over v of log(1 + r p(v)))</c>
/// <c>+ RatioWeight (q - 1 - log q)</c> with <c>q = (1 + r [seen = target]) / (1 + r p(seen))</c>.
/// </summary>
/// <param name="Target">The token of the text, which has a prediction.</param>
/// <param name="Seen">The token that the network sees; any token where it sees the mask token, which has no prediction.</param>
/// <param name="Ratio">r, above 0 and finite.</param>
/// <param name="DivergenceWeight">The weight of the divergence, in units of the uniform noise of each token; 0 or more.</param>
/// <param name="RatioWeight">The weight of the second summand; 0 where the network sees the mask token.</param>
internal readonly record struct HybridTerm(int Target, int Seen, double Ratio, double DivergenceWeight, double RatioWeight);
