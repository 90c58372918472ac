using Microsoft.ML.Runtime;

namespace Microsoft.ML.MaskedDiffusion.Trainers;

/// <summary>Hands progress on, and writes the milestones to the log.</summary>
internal sealed class LoggedProgress(IChannel channel, IProgress<TrainingProgress>? inner) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value)
    {
        if (value.Phase == TrainingPhase.Validating)
            channel.Info(
                MessageSensitivity.None,
                "Step {0} of {1}: training loss {2:0.0000}, validation loss {3:0.0000} ± {4:0.0000} nats per token", value.Step,
                value.MaxSteps,
                value.Loss, value.ValidationLoss ?? double.NaN, value.ValidationStandardError ?? double.NaN);
        else if (value.Phase == TrainingPhase.Training)
            channel.Trace(MessageSensitivity.None, "Step {0} of {1}: training loss {2:0.0000} nats per token, {3:0} tokens/s", value.Step,
                value.MaxSteps, value.Loss, value.TokensPerSecond);
        inner?.Report(value);
    }
}
