using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>A row's cache, and what its rule must know of the steps before.</summary>
internal sealed class CachePolicy(SamplingCache rule)
{
    private readonly SortedSet<int> _changed = [];
    private int _stepsSinceRefresh;

    /// <summary>The keys and values.</summary>
    public RowCache Kept { get; } = new();

    /// <summary>The positions to compute in the next step that asks the network; null for all.</summary>
    /// <param name="block">The block that is filled.</param>
    /// <param name="length">Tokens of the row.</param>
    /// <param name="asked">The positions whose predictions are wanted.</param>
    /// <exception cref="InvalidOperationException">The rule leaves a position out that must be computed.</exception>
    public int[]? Next(SamplingBlock block, int length, int[] asked)
    {
        IReadOnlyList<int>? computed = _stepsSinceRefresh == 0 ? null : rule.Positions(new CacheStep
        {
            Length = length,
            BlockStart = block.Start,
            BlockEnd = block.End,
            IsFirstOfBlock = block.IsNew,
            StepsSinceRefresh = _stepsSinceRefresh,
            Asked = asked,
            Masked = block.Masked,
            Changed = [.. _changed.Where(position => position < length)],
        });
        _changed.Clear();
        _stepsSinceRefresh = computed is null ? 1 : _stepsSinceRefresh + 1;
        if (computed is null)
            return null;
        int[] positions = [.. computed.Distinct().Order()];
        if (asked.Except(positions).Any() || positions is not [>= 0, ..] || positions[^1] >= length)
        {
            throw new InvalidOperationException($"The rule '{rule.Name}' of SamplingOptions.Cache must compute all positions asked for, "
                + $"and none outside 0 to {length - 1}.");
        }
        return positions;
    }

    /// <summary>Notes what a step has changed.</summary>
    public void Changed(IEnumerable<int> filled, IEnumerable<int> masked)
    {
        _changed.UnionWith(filled);
        _changed.UnionWith(masked);
    }
}
