using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// A way to estimate log p(answer | context) from a masked diffusion model, which only predicts masked tokens. All but
/// <see cref="ChainRule"/> estimate the same number, the model's variational bound: the average over all orders of revealing the answer.
/// Immutable and safe to share.
/// </summary>
public abstract class LikelihoodMethod
{
    private protected LikelihoodMethod(string name) => Name = name;

    /// <summary>
    /// Masks exactly l of the L answer tokens, weight L / l, with l stratified over 1 .. L (Nie et al., "Large Language Diffusion Models",
    /// 2025, eq. 6). More draws go to levels where they matter more, and levels with few masks are enumerated. Exact for one token, and for
    /// L tokens whenever all 2^L - 1 masks cost no more than the samples asked for (L up to 7 at 128 samples), which is then
    /// <see cref="Enumerate"/>. The default.
    /// </summary>
    public static LikelihoodMethod ExactCount { get; } = new ExactCountMethod();

    /// <summary>
    /// SMDM's estimator: noise levels t on a shifted comb, every answer token masked with probability t, weight 1 / t (Nie et al., 2024,
    /// section 4). For comparison with published figures: small t make its variance unbounded, so that it needs many samples; its standard
    /// error leaves out the levels that hardly ever hide a token, which makes 1.96 standard errors cover 95 %. Exact for one token.
    /// </summary>
    public static LikelihoodMethod MonteCarlo { get; } = new MonteCarloMethod();

    /// <summary>Every mask once: exact, 2^L - 1 network rows for an answer of L tokens, L at most 16.</summary>
    public static LikelihoodMethod Enumerate { get; } = new EnumerateMethod();

    /// <summary>
    /// The chain rule, one token after the other, left to right or in the request's own <see cref="LikelihoodRequest.Order"/>: L network
    /// rows, no noise, a proper distribution over answers of a length. Another number than the bound.
    /// </summary>
    public static LikelihoodMethod ChainRule { get; } = new ChainRuleMethod();

    /// <summary>The names that <see cref="FromName"/> knows.</summary>
    public static IReadOnlyList<string> Names => [.. All.Select(method => method.Name)];

    /// <summary>The method's name: ExactCount, MonteCarlo, Enumerate or ChainRule.</summary>
    public string Name { get; }

    private static LikelihoodMethod[] All => [ExactCount, MonteCarlo, Enumerate, ChainRule];

    /// <summary>The method of a name, in upper or lower case.</summary>
    /// <exception cref="ArgumentException">No method has this name; the message lists them.</exception>
    public static LikelihoodMethod FromName(string name) =>
        All.FirstOrDefault(method => string.Equals(method.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException($"There is no likelihood method \"{name}\"; choose one of {string.Join(", ", Names)}.",
            nameof(name));

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    /// <summary>The masks of one round of sampling, and how to combine what the network says about them.</summary>
    internal abstract MaskRound Plan(in RoundKey key);
}
