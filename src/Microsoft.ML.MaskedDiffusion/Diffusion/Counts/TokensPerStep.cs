using Microsoft.ML.MaskedDiffusion.Diffusion.Counts;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// How many positions a step fills. A rule of your own is a class with one method, <see cref="Count"/>. Rules are immutable and safe to
/// share.
/// </summary>
public abstract class TokensPerStep
{
    private static readonly NamedChoices<TokensPerStep> Known = new(
        "rule for the tokens of a step",
        ("EqualShares", 0, _ => EqualShares!),
        ("Fixed", 1, numbers => Fixed(OptionCheck.WholeNumber(numbers[0], "count"))),
        ("Linear", 0, _ => Linear!),
        ("Cosine", 0, _ => Cosine!),
        ("TimeLinear", 1, numbers => TimeLinear(numbers[0])),
        ("Ancestral", 1, numbers => Ancestral(numbers[0])),
        ("Threshold", 1, numbers => Threshold(numbers[0])),
        ("Factor", 1, numbers => Factor(numbers[0])),
        ("EntropyBound", 1, numbers => EntropyBound(numbers[0])));

    /// <summary>Creates a rule.</summary>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    protected TokensPerStep(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        Name = name;
    }

    /// <summary>
    /// An equal share in each of the planned steps, the first ones one more where the number does not divide (LLaDA). The default.
    /// </summary>
    public static TokensPerStep EqualShares { get; } = new EqualSharesRule();

    /// <summary>dLLM's rule for a noise level that falls linearly: rounded to the nearest number, steps without tokens left out.</summary>
    public static TokensPerStep Linear { get; } = new NoiseScheduleRule("Linear", t => 1 - t);

    /// <summary>
    /// dLLM's rule for the cosine schedule: few tokens in the first steps, more in the later ones (MaskGIT; Chang et al., 2022).
    /// </summary>
    public static TokensPerStep Cosine { get; } =
        new NoiseScheduleRule("Cosine", t => 1 - MathF.Cos(MathF.PI / 2 * (1 - t)));

    /// <summary>The names that <see cref="FromName"/> knows.</summary>
    public static IReadOnlyList<string> Names => Known.Names;

    /// <summary>The rule's name, with its number in brackets.</summary>
    public string Name { get; }

    /// <summary>
    /// Whether <see cref="Count"/> looks at the network's predictions. Where it does not, a step that fills nothing costs nothing. Default
    /// false.
    /// </summary>
    public virtual bool UsesPredictions => false;

    /// <summary>
    /// Whether <see cref="Count"/> looks at the token drawn or its probability. Where it does, a sampler of it has no likelihood of its own
    /// (<see cref="LikelihoodMethod.Sampler(SamplingOptions)"/>). Default false.
    /// </summary>
    public virtual bool UsesChosenToken => false;

    /// <summary>
    /// Whether <see cref="Count"/> looks at <see cref="TokenPrediction.Draw"/>. Where it does, the rule is random, and a sampler of it has
    /// no likelihood of its own. Default false.
    /// </summary>
    public virtual bool UsesDraws => false;

    /// <summary>
    /// The same number in every step, and what is left in the last one, so that longer rows take more steps. The planned steps have no
    /// effect.
    /// </summary>
    /// <param name="count">1 or more; 1 fills one by one. Default 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is out of its range.</exception>
    public static TokensPerStep Fixed(int count = 1) => new FixedRule(count);

    /// <summary>
    /// The whole number below masked * (1 - t[i+1] / t[i]), for noise levels t from 1 to <paramref name="epsilon"/> in equal distances; the
    /// rest in the last step. SMDM's most-confident-first sampler (0.00001, the default) and Dream's (0.001).
    /// </summary>
    /// <param name="epsilon">The last noise level, above 0 and below 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="epsilon"/> is out of its range.</exception>
    public static TokensPerStep TimeLinear(double epsilon = 1e-5) => new TimeLinearRule(epsilon);

    /// <summary>
    /// Each masked position is filled with probability 1 - t[i+1] / t[i], independently; the rest in the last step: the reverse process of
    /// masked diffusion in discrete steps (Sahoo et al., "Simple and Effective Masked Diffusion Language Models", 2024, eq. 6), which is
    /// SMDM's "origin".
    /// </summary>
    /// <param name="epsilon">The last noise level, above 0 and below 1. Default 0.00001.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="epsilon"/> is out of its range.</exception>
    public static TokensPerStep Ancestral(double epsilon = 1e-5) => new AncestralRule(epsilon);

    /// <summary>
    /// All positions, in their order, down to the first whose most probable token is less probable than <paramref name="probability"/>; at
    /// least one (Wu et al., "Fast-dLLM", 2025). The planned steps have no effect.
    /// </summary>
    /// <param name="probability">0 to 1; 1 fills one by one unless the network is certain. Default 0.9.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="probability"/> is out of its range.</exception>
    public static TokensPerStep Threshold(double probability = 0.9) => new ThresholdRule(probability);

    /// <summary>
    /// Fast-dLLM's factor rule: the position at place r is filled while its most probable token has at least 1 - factor / (r + 1); at least
    /// one, and the last one together with those before it. The planned steps have no effect.
    /// </summary>
    /// <param name="factor">Above 0; larger is faster. Default 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="factor"/> is out of its range.</exception>
    public static TokensPerStep Factor(double factor = 1) => new FactorRule(factor);

    /// <summary>
    /// As many positions, in their order, as keep the sum of their entropies less the largest one within <paramref name="bound"/>, which
    /// bounds what the tokens of a step tell about each other (Ben-Hamu et al., "Accelerated Sampling from Masked Diffusion Models via
    /// Entropy Bounded Unmasking", 2025); at least one. The planned steps have no effect.
    /// </summary>
    /// <param name="bound">Nats, 0 or more; 0 fills one by one unless the network is certain. Default 0.1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bound"/> is out of its range.</exception>
    public static TokensPerStep EntropyBound(double bound = 0.1) => new EntropyBoundRule(bound);

    /// <summary>The rule of a name, in upper or lower case, with its number in brackets, such as "Threshold(0.9)".</summary>
    /// <exception cref="ArgumentException">No rule has this name, or its number is out of its range.</exception>
    public static TokensPerStep FromName(string name) => Known.FromName(name);

    /// <summary>
    /// How many of the masked positions a step fills; what is below 0 or above their number counts as the nearest of the two. A rule that
    /// never fills anything is stopped by an exception.
    /// </summary>
    /// <param name="step">Where the sampling stands.</param>
    public abstract int Count(in SamplingStep step);

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
