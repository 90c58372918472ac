using System.Globalization;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.MaskedDiffusion.Trainers;

/// <summary>Hands progress on, and writes the milestones to the log.</summary>
internal sealed class LoggedProgress(IChannel channel, IProgress<TrainingProgress>? inner) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value)
    {
        string kind = value.LossRemark is { } remark ? $" ({remark})" : "";
        string steps = value.MaxSteps is { } planned ? string.Create(CultureInfo.InvariantCulture, $" of {planned}") : "";
        // Before the first report of steps there is no training loss yet.
        string trained = double.IsNaN(value.Loss)
            ? "" : string.Create(CultureInfo.InvariantCulture, $" training loss {value.Loss:0.0000}{kind},");
        if (value.Phase == TrainingPhase.Validating)
        {
            channel.Info(MessageSensitivity.None,
                "Step {0}{1}:{2} validation loss {3:0.0000} ± {4:0.0000} nats per token{5}",
                value.Step, steps, trained, value.ValidationLoss ?? double.NaN, value.ValidationStandardError ?? double.NaN,
                value.LossIsBound ? "" : "; the validation loss is the bound, with weights 1 / t, and hence larger");
        }
        else if (value.Phase == TrainingPhase.Training)
        {
            channel.Trace(MessageSensitivity.None, "Step {0}{1}: training loss {2:0.0000}{3} nats per token, {4:0} tokens/s",
                value.Step, steps, value.Loss, kind, value.TokensPerSecond);
        }
        inner?.Report(value);
    }
}
