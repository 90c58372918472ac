using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

/// <summary>One sequence to be looked at by the network, and the masked positions whose predictions are wanted.</summary>
internal sealed class MaskedRow(int[] tokens, int[]? unconditional, int[] positions, int[] targets)
{
    /// <summary>Ids, the mask token where something is hidden.</summary>
    public int[] Tokens { get; } = tokens;

    /// <summary>The same with the prompt masked too, for guidance; null where guidance changes nothing.</summary>
    public int[]? Unconditional { get; } = unconditional;

    /// <summary>
    /// How far to the right a position stands in <see cref="Unconditional"/>, whose prompt may be of another length; negative for left.
    /// </summary>
    public int UnconditionalShift { get; init; }

    /// <summary>
    /// The blocks of the network's attention, of which one begins with the first token that is written or scored. Null (default) if the
    /// network has none, and for those from the first position on.
    /// </summary>
    public AttentionBlocks? Blocks { get; init; }

    /// <summary>What is kept of the row from step to step; null where everything is computed.</summary>
    public RowCache? Cache { get; init; }

    /// <summary>With a cache, the positions to compute, ascending; null for all.</summary>
    public int[]? Computed { get; init; }

    /// <summary>Where given, summaries of the logits are as good as the logits.</summary>
    public GreedyLook? Greedy { get; init; }

    /// <summary>Positions asked for, ascending.</summary>
    public int[] Positions { get; } = positions;

    /// <summary>The token whose log-probability is wanted at each position; empty where the whole distribution is read.</summary>
    public int[] Targets { get; } = targets;

    /// <summary>Sum over the positions of -log p(target), nats: set when the row was evaluated.</summary>
    public double NegativeLogLikelihood { get; set; } = double.NaN;

    /// <summary>Network rows it costs alone.</summary>
    public int NetworkRows => Unconditional is null ? 1 : 2;
}
