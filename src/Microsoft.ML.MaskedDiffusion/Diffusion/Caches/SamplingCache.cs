using Microsoft.ML.MaskedDiffusion.Diffusion.Caches;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Which keys and values of a row are kept from step to step instead of being computed again. A bidirectional network's keys and values
/// depend on the whole row, so that kept ones are old: every cache but <see cref="None"/> is faster and less exact. A cache of your own is
/// a class with one method, <see cref="Positions"/>. Caches are immutable and safe to share.
/// </summary>
public abstract class SamplingCache
{
    private static readonly NamedChoices<SamplingCache> Known = new(
        "sampling cache",
        ("None", 0, _ => None!),
        ("Prefix", 0, _ => Prefix!),
        ("Dual", 0, _ => Dual!),
        ("Delayed", 1, numbers => Delayed(OptionCheck.WholeNumber(numbers[0], "steps"))));

    /// <summary>Creates a cache.</summary>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    protected SamplingCache(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        Name = name;
    }

    /// <summary>Everything is computed in each step: exact. The default.</summary>
    public static SamplingCache None { get; } = new NoCache();

    /// <summary>
    /// Keeps what stands before the block, from the block's first step on (Wu et al., "Fast-dLLM", 2025, prefix cache). Where the output
    /// of a position predicts the next one (<see cref="TransformerConfig.ShiftsLogits"/>), a block's first step fills its first position
    /// alone, as in Fast-dLLM: the output that predicts it is kept from then on. With remasking it does not; that output is computed again
    /// then.
    /// </summary>
    public static SamplingCache Prefix { get; } = new PrefixCache();

    /// <summary>
    /// Keeps what stands before and behind the block, from the block's first step on (Wu et al., 2025, dual cache). The fastest. A block's
    /// first step is that of <see cref="Prefix"/>.
    /// </summary>
    public static SamplingCache Dual { get; } = new DualCache();

    /// <summary>The names that <see cref="FromName"/> knows.</summary>
    public static IReadOnlyList<string> Names => Known.Names;

    /// <summary>The cache's name, with its number in brackets.</summary>
    public string Name { get; }

    /// <summary>Whether nothing before a block's first masked position is computed after the block's first step.</summary>
    internal virtual bool KeepsAllBeforeBlock => false;

    /// <summary>
    /// Keeps what is filled, from the step after the one that filled it, and computes everything anew in every
    /// <paramref name="interval"/>-th step (Ma et al., "dKV-Cache", 2025, decode).
    /// </summary>
    /// <param name="interval">Steps, 2 or more. Default 8.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="interval"/> is out of its range.</exception>
    public static SamplingCache Delayed(int interval = 8) => new DelayedCache(interval);

    /// <summary>The cache of a name, in upper or lower case, with its number in brackets.</summary>
    /// <exception cref="ArgumentException">No cache has this name, or its number is out of its range.</exception>
    public static SamplingCache FromName(string name) => Known.FromName(name);

    /// <summary>
    /// The positions to compute in a step, ascending, among them those in <see cref="CacheStep.Asked"/>; null for all of them. The first
    /// step of a row always computes all. Where the output of a position predicts the next one, the positions before those asked for are
    /// computed too.
    /// </summary>
    /// <param name="step">Where the sampling stands.</param>
    public abstract IReadOnlyList<int>? Positions(CacheStep step);

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
