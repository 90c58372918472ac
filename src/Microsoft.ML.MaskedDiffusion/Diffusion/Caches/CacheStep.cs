namespace Microsoft.ML.MaskedDiffusion;

/// <summary>Where the sampling of a row stands when <see cref="SamplingCache"/> decides what is computed.</summary>
public sealed class CacheStep
{
    /// <summary>Positions of the row.</summary>
    public required int Length { get; init; }

    /// <summary>The first position of the block that is filled now.</summary>
    public required int BlockStart { get; init; }

    /// <summary>The position after the block's last one.</summary>
    public required int BlockEnd { get; init; }

    /// <summary>Whether this is the block's first step that asks the network.</summary>
    public required bool IsFirstOfBlock { get; init; }

    /// <summary>Steps since all positions were computed, 1 or more.</summary>
    public required int StepsSinceRefresh { get; init; }

    /// <summary>The positions whose predictions are wanted, ascending.</summary>
    public required IReadOnlyList<int> Asked { get; init; }

    /// <summary>The positions that are masked, ascending, in all blocks.</summary>
    public required IReadOnlyList<int> Masked { get; init; }

    /// <summary>The positions that were filled or masked again since the last step that asked the network, ascending.</summary>
    public required IReadOnlyList<int> Changed { get; init; }

    /// <summary>
    /// Where attention goes by blocks: the first position of the first block that has changed, or that is filled now, and the position
    /// after the last one of the block that is filled now.
    /// </summary>
    internal (int Start, int End)? AttentionBlocks { get; init; }
}
