using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>A row's cache, and what its rule must know of the steps before.</summary>
/// <param name="rule">What is kept.</param>
/// <param name="isShifted">Whether the output before a position predicts it.</param>
/// <param name="blocks">The blocks by which attention goes; null where it sees the whole row.</param>
internal sealed class CachePolicy(SamplingCache rule, bool isShifted, AttentionBlocks? blocks)
{
    private readonly SortedSet<int> _changed = [];
    private int _stepsSinceRefresh, _lastBlock;

    /// <summary>
    /// Whether the first step of a block can fill its first position alone, as Fast-dLLM's Dream does: the output that predicts it is
    /// computed in no later step. Where attention goes by blocks it is computed with each step, and depends on none of them.
    /// </summary>
    public bool LeavesOutPredecessor => isShifted && blocks is null && rule.KeepsAllBeforeBlock;

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
            IsFirstOfBlock = block.Number != _lastBlock,
            StepsSinceRefresh = _stepsSinceRefresh,
            Asked = asked,
            Masked = block.Masked,
            Changed = [.. _changed.Where(position => position < length)],
            AttentionBlocks = blocks is { } own ? BlocksOf(block, length, own) : null,
        });
        _changed.Clear();
        _lastBlock = block.Number;
        _stepsSinceRefresh = computed is null ? 1 : _stepsSinceRefresh + 1;
        if (computed is null)
            return null;
        IEnumerable<int> predecessors = isShifted ? asked.Select(position => position - 1).Where(position => position >= 0) : [];
        int[] positions = [.. computed.Union(predecessors).Order()];
        if (asked.Except(positions).Any() || positions is not [>= 0, ..] || positions[^1] >= length)
        {
            throw new InvalidOperationException($"The rule '{rule.Name}' of SamplingOptions.Cache must compute all positions asked for, "
                + $"and none outside 0 to {length - 1}.");
        }
        return positions;
    }

    private (int, int) BlocksOf(SamplingBlock block, int length, AttentionBlocks own)
    {
        int first = _changed.Count > 0 ? Math.Min(_changed.Min, block.Start) : block.Start;
        return (own.StartOf(first), (int)Math.Min(length, own.EndOf(block.Start)));
    }

    /// <summary>Notes what a step has changed.</summary>
    public void Changed(IEnumerable<int> filled, IEnumerable<int> masked)
    {
        _changed.UnionWith(filled);
        _changed.UnionWith(masked);
    }
}
