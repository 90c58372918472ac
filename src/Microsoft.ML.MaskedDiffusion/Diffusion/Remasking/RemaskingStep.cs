namespace Microsoft.ML.MaskedDiffusion;

/// <summary>Where the sampling of a row, or of a block of it, stands when <see cref="Remasking"/> decides about a step.</summary>
public sealed class RemaskingStep
{
    /// <summary>The number of the step in the block, from 0.</summary>
    public required int Step { get; init; }

    /// <summary>The steps planned for the block, 1 or more.</summary>
    public required int Steps { get; init; }

    /// <summary>Positions that the block has in all.</summary>
    public required int BlockCount { get; init; }

    /// <summary>Positions of the block that are masked now; 0 where all are filled.</summary>
    public required int MaskedCount { get; init; }

    /// <summary>
    /// Positions that <see cref="TokensPerStep"/> fills in this step. 0 where all are filled, and where the number is not known before the
    /// network has run.
    /// </summary>
    public required int FilledCount { get; init; }

    /// <summary>How often all positions of the block have been filled before.</summary>
    public required int Round { get; init; }

    /// <summary>The block's tokens chosen so far, by position.</summary>
    public required IReadOnlyList<CommittedToken> Committed { get; init; }

    /// <summary>The row's tokens, the mask token where nothing is chosen; a copy.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>
    /// What the network says about the masked positions, by position. Empty before the network has run, which is where
    /// <see cref="Remasking.Probes"/> is asked, and where order and count use no predictions.
    /// </summary>
    public IReadOnlyList<TokenPrediction> Predictions { get; init; } = [];
}
