namespace Microsoft.ML.MaskedDiffusion.Training.Checkpoints;

/// <summary>Where and when checkpoints of a run are written, and whether the run continues from those that are there.</summary>
internal sealed record CheckpointSettings
{
    /// <summary>The folder of the checkpoints.</summary>
    public required string Folder { get; init; }

    /// <summary>Steps from one checkpoint to the next; null if steps do not count.</summary>
    public long? Interval { get; init; }

    /// <summary>Minutes from one checkpoint to the next; null if time does not count.</summary>
    public double? Minutes { get; init; }

    /// <summary>How many of the newest checkpoints are kept. Default 3.</summary>
    public int Keep { get; init; } = 3;

    /// <summary>Whether the run continues from the newest checkpoint that is there.</summary>
    public bool Resume { get; init; }

    /// <summary>Whether a resumed run takes the seed of the checkpoint; otherwise its own seed must be the same.</summary>
    public bool AdoptSeed { get; init; }

    /// <summary>
    /// Whether a resumed run takes the micro batches and the virtual ranks of the checkpoint where its own group can follow them, and
    /// otherwise goes on with its own; if not, they must be the same.
    /// </summary>
    public bool AdoptSplit { get; init; }

    /// <summary>Receives what a user should know: from where the run was resumed, and what was damaged.</summary>
    public Action<string>? Log { get; init; }
}
