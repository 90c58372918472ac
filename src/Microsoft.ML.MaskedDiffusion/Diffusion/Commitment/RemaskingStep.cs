namespace Microsoft.ML.MaskedDiffusion;

/// <summary>Where the sampling of a row, or of a block of it, stands when <see cref="Remasking"/> decides about a step.</summary>
public sealed class RemaskingStep
{
    /// <summary>The number of the row's step, from 0, as in <see cref="CommittedToken.Step"/>.</summary>
    public required int Step { get; init; }

    /// <summary>Positions that the block has in all.</summary>
    public required int BlockCount { get; init; }

    /// <summary>Positions of the block that are masked now; 0 where all are filled.</summary>
    public required int MaskedCount { get; init; }

    /// <summary>Positions that <see cref="TokensPerStep"/> fills in this step; 0 where all are filled.</summary>
    public required int FilledCount { get; init; }

    /// <summary>How often tokens of the block were masked again after all of its positions had been filled.</summary>
    public required int Round { get; init; }

    /// <summary>Steps of the block so far in which the rule held <see cref="TokensPerStep"/> back.</summary>
    public required int HeldSteps { get; init; }

    /// <summary>The block's tokens chosen so far, by position.</summary>
    public required IReadOnlyList<CommittedToken> Committed { get; init; }

    /// <summary>The row's tokens, with the mask token where nothing is chosen; a copy.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>
    /// What the network says about the masked positions. Empty before the network has run, which is where <see cref="Remasking.Probes"/>
    /// and <see cref="Remasking.Holds"/> are asked, and <see cref="Remasking.Choose"/> too where neither order nor count use predictions.
    /// </summary>
    public IReadOnlyList<TokenPrediction> Predictions { get; init; } = [];
}
