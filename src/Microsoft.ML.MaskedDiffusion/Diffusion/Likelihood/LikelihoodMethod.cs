using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// A way to estimate log p(answer | context) from a masked diffusion model, which only predicts masked tokens. All but
/// <see cref="ChainRule"/> and <see cref="Sampler(SamplingOptions)"/> estimate the same number, the model's variational bound: the average
/// over all orders of revealing the answer. What is estimated is how a text is written by unmasking, also for a model whose training has
/// other noise beside masks (<see cref="NoiseOptions.UniformShare"/>). Immutable and safe to share.
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
    /// SMDM's method: noise levels t on a shifted comb, every answer token masked with probability t, weight 1 / t (Nie et al., 2024,
    /// section 4). For comparison with published figures: small t make its variance unbounded, so that it needs many samples; its standard
    /// error leaves out the levels that hardly ever hide a token, which makes 1.96 standard errors cover 95 %. Exact for one token. Draws
    /// that hide nothing at all, which few samples of few tokens may be, are drawn anew: 3 samples of 2 tokens come out 1 % too large on
    /// average.
    /// </summary>
    public static LikelihoodMethod MonteCarlo { get; } = new MonteCarloMethod();

    /// <summary>
    /// Every mask once: exact, 2^L - 1 network rows for an answer of L tokens, L at most 16. A longer answer ends the work with an
    /// <see cref="ArgumentException"/>, also where a transform or an evaluation leaves out bad rows (<see cref="InvalidRows.Skip"/>): the
    /// method does not fit the data.
    /// </summary>
    public static LikelihoodMethod Enumerate { get; } = new EnumerateMethod();

    /// <summary>
    /// The chain rule, one token after the other, left to right or in the request's own <see cref="LikelihoodRequest.Order"/>: L network
    /// rows, no noise, a proper distribution over answers of a length. Another number than the bound.
    /// </summary>
    public static LikelihoodMethod ChainRule { get; } = new ChainRuleMethod();

    /// <summary>
    /// The names that <see cref="FromName"/> knows. Of <see cref="Sampler(SamplingOptions)"/> they are those that fill one token a step in
    /// each of the library's orders; <see cref="Name"/> says how others are written.
    /// </summary>
    public static IReadOnlyList<string> Names => [.. All.Select(method => method.Name), .. SamplerMethod.Names];

    /// <summary>
    /// The method's name: ExactCount, MonteCarlo, Enumerate, ChainRule, or of a sampler its order and, where they are not at their
    /// defaults, its rule for the tokens of a step, its steps and its blocks: "Sampler(Margin)",
    /// "Sampler(Entropy, Fixed(2), BlockLength 32)", "Sampler(LeftToRight, EqualShares, Steps 8)".
    /// </summary>
    public string Name { get; }

    private static LikelihoodMethod[] All => [ExactCount, MonteCarlo, Enumerate, ChainRule];

    /// <summary>
    /// The likelihood of the sampler itself (DUEL; arXiv 2603.01367, 2026): the exact log-probability that a sampler with these options
    /// writes the answer at temperature 1. The sampler's rules run on the answer: in each step they choose positions from what is visible,
    /// the answer's tokens there count log p given what was visible before the step, and then are revealed. As many network rows as the
    /// sampler takes steps, no noise, a proper distribution over answers of a length; another number than the bound.
    /// </summary>
    /// <remarks>
    /// Blocks are counted from the answer's first token. Guidance is that of <see cref="LikelihoodOptions.GuidanceScale"/>. The rules must
    /// be functions of the tokens so far: neither draws nor the tokens drawn may decide. Seed and BatchTokens of the options have no
    /// effect. Where the network's bits depend on the batch (GPUs), two positions that are all but equal may change places.
    /// </remarks>
    /// <param name="options">
    /// <see cref="SamplingOptions.Order"/>, <see cref="SamplingOptions.TokensPerStep"/>, <see cref="SamplingOptions.Steps"/> and
    /// <see cref="SamplingOptions.BlockLength"/> of the sampler, with temperature 1 and everything else off; checked and copied.
    /// </param>
    /// <exception cref="ArgumentNullException">The options, or an object among them, are null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range, or leaves no likelihood to compute.</exception>
    public static LikelihoodMethod Sampler(SamplingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return SamplerMethod.Of(options);
    }

    /// <summary>The same for a sampler at temperature 1 with everything else off.</summary>
    /// <param name="order">Which positions go first: one that depends neither on draws nor on the tokens drawn.</param>
    /// <param name="tokensPerStep">
    /// How many positions a step fills, by a rule that depends neither on draws nor on the tokens drawn. Null, the default:
    /// <see cref="TokensPerStep.EqualShares"/>, which without <paramref name="steps"/> fills one by one.
    /// </param>
    /// <param name="steps">Steps of an answer, 1 or more. Null, the default: one token a step.</param>
    /// <param name="blockLength">
    /// Fills blocks of so many tokens of the answer one after the other: 1 or more. Null, the default: the whole answer at once.
    /// </param>
    /// <exception cref="ArgumentNullException">The order is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range, or leaves no likelihood to compute.</exception>
    public static LikelihoodMethod Sampler(
        SamplingOrder order, TokensPerStep? tokensPerStep = null, int? steps = null, int? blockLength = null) => Sampler(
        new SamplingOptions
        {
            Order = order,
            TokensPerStep = tokensPerStep ?? TokensPerStep.EqualShares,
            Steps = steps,
            BlockLength = blockLength,
            Temperature = 1,
        });

    /// <summary>The method of a name (<see cref="Name"/>), in upper or lower case.</summary>
    /// <exception cref="ArgumentException">
    /// No method has this name (the message lists them), or an order or a rule in it is unknown or leaves no likelihood to compute.
    /// </exception>
    public static LikelihoodMethod FromName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return All.FirstOrDefault(method => string.Equals(method.Name, name, StringComparison.OrdinalIgnoreCase))
            ?? SamplerMethod.Parse(name)
            ?? throw new ArgumentException($"There is no likelihood method \"{name}\"; choose one of {string.Join(", ", Names)}.",
                nameof(name));
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
