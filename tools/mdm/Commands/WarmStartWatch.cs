using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>Hands a training's reports on, and keeps in mind whether it is still in the warm start.</summary>
/// <param name="next">Receives the reports.</param>
internal sealed class WarmStartWatch(IProgress<TrainingProgress> next) : IProgress<TrainingProgress>
{
    /// <summary>
    /// Whether the latest report was of steps of the warm start. Nothing is validated in it, so that no other step is the best.
    /// </summary>
    public bool IsStarting { get; private set; }

    /// <inheritdoc/>
    public void Report(TrainingProgress value)
    {
        IsStarting = value.LossRemark?.Contains("autoregressive", StringComparison.Ordinal) == true;
        next.Report(value);
    }
}
