namespace Microsoft.ML.MaskedDiffusion.Training.Checkpoints;

/// <summary>Where and when a run is written down, and whether it goes on from what is there.</summary>
internal sealed record CheckpointSettings
{
    public required string Folder { get; init; }

    /// <summary>Steps between checkpoints; null for none by steps.</summary>
    public long? Interval { get; init; }

    /// <summary>Minutes between checkpoints; null for none by time.</summary>
    public double? Minutes { get; init; }

    /// <summary>Newest checkpoints kept.</summary>
    public int Keep { get; init; } = 3;

    public bool Resume { get; init; }

    /// <summary>Whether a resumed run takes the checkpoint's seed instead of being held to its own.</summary>
    public bool AdoptSeed { get; init; }

    /// <summary>What shapes the run beside settings, network and data, by the name a refusal calls it.</summary>
    public IReadOnlyDictionary<string, string> Traits { get; init; } = new Dictionary<string, string>();

    /// <summary>Receives what a user should know: resumed from where, what was damaged.</summary>
    public Action<string>? Log { get; init; }
}
