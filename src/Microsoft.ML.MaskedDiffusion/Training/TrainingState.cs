using Microsoft.ML.MaskedDiffusion.Training.Checkpoints;

namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>
/// All that a run knows beside weights and moments. Random streams and the data position follow from <see cref="Step"/>, so this, the
/// weights, the moments and the best weights are what a checkpoint has to hold.
/// </summary>
internal sealed class TrainingState
{
    /// <summary>Optimizer steps finished.</summary>
    public long Step { get; set; }

    /// <summary>Tokens trained on in these steps.</summary>
    public long Tokens { get; set; }

    public long? BestStep { get; set; }

    public double BestLoss { get; set; } = double.PositiveInfinity;

    public double? BestStandardError { get; set; }

    /// <summary>Validations since the best.</summary>
    public int ValidationsWithoutImprovement { get; set; }

    /// <summary>Seconds the run took before it was resumed; of these, seconds since the last report, and of the last validation.</summary>
    public (double All, double Window, double Validation) EarlierSeconds { get; private set; }

    public List<TrainingPoint> Losses { get; } = [];

    public List<ValidationPoint> Validations { get; } = [];

    public void Restore(CheckpointState from)
    {
        (Step, BestStep, BestStandardError, ValidationsWithoutImprovement) =
            (from.Step, from.BestStep, from.BestStandardError, from.ValidationsWithoutImprovement);
        (BestLoss, Tokens) = (from.BestLoss, from.Tokens);
        EarlierSeconds = (from.Seconds, from.WindowSeconds, from.ValidationSeconds);
        Losses.AddRange(from.Losses);
        Validations.AddRange(from.Validations);
    }
}
