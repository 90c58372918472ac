namespace Microsoft.ML.MaskedDiffusion.Diffusion.Noise;

/// <summary>Sequences after the hybrid forward process, in managed memory: what the network sees and what it has to predict.</summary>
internal sealed class HybridBatch
{
    /// <summary>Number of sequences B.</summary>
    public required int Count { get; init; }

    /// <summary>Length T of every sequence.</summary>
    public required int Length { get; init; }

    /// <summary>Token ids [B, T], of which some are mask tokens and some are wrong.</summary>
    public required long[] Tokens { get; init; }

    /// <summary>The noise of every sequence [B].</summary>
    public required HybridLevel[] Levels { get; init; }

    /// <summary>The positions that are learned, as row * T + column, ascending: all but those that are kept.</summary>
    public required long[] Positions { get; init; }

    /// <summary>The token of the text at every position that is learned.</summary>
    public required long[] Targets { get; init; }

    /// <summary>The row of a position that is learned.</summary>
    public int RowOf(int learned) => (int)(Positions[learned] / Length);
}
