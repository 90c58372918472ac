using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Caches;

/// <summary>Nothing is kept.</summary>
internal sealed class NoCache() : SamplingCache("None")
{
    public override IReadOnlyList<int>? Positions(CacheStep step) => null;
}

/// <summary>From the block's first position to the row's end.</summary>
internal sealed class PrefixCache() : SamplingCache("Prefix")
{
    internal override bool KeepsAllBeforeBlock => true;

    public override IReadOnlyList<int>? Positions(CacheStep step) =>
        step.IsFirstOfBlock ? null : [.. Enumerable.Range(step.BlockStart, step.Length - step.BlockStart)];
}

/// <summary>The block alone.</summary>
internal sealed class DualCache() : SamplingCache("Dual")
{
    internal override bool KeepsAllBeforeBlock => true;

    public override IReadOnlyList<int>? Positions(CacheStep step) =>
        step.IsFirstOfBlock ? null : [.. Enumerable.Range(step.BlockStart, step.BlockEnd - step.BlockStart)];
}

/// <summary>
/// The blocks of attention from the first one that has changed since the last step to the one that is filled. Exact: nothing of a block
/// depends on those behind it.
/// </summary>
internal sealed class BlockCache : SamplingCache
{
    private BlockCache() : base("Block")
    {
    }

    public static BlockCache Instance { get; } = new();

    public override IReadOnlyList<int>? Positions(CacheStep step)
    {
        (int start, int end) = step.AttentionBlocks!.Value;
        return [.. Enumerable.Range(start, end - start)];
    }
}

/// <summary>What is masked, and what has just been filled.</summary>
internal sealed class DelayedCache : SamplingCache
{
    private readonly int _interval;

    public DelayedCache(int interval) : base(NamedChoices<SamplingCache>.Join("Delayed", interval))
    {
        OptionCheck.Require(interval >= 2, nameof(interval), interval, "at least 2 steps; use SamplingCache.None to compute everything");
        _interval = interval;
    }

    public override IReadOnlyList<int>? Positions(CacheStep step) =>
        step.StepsSinceRefresh >= _interval ? null : [.. step.Masked.Union(step.Changed).Order()];
}
