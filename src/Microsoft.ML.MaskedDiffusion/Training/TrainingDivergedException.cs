namespace Microsoft.ML.MaskedDiffusion;

/// <summary>Thrown when the training loss or the gradient is no longer a finite number. The weights of that step are not used.</summary>
public sealed class TrainingDivergedException : InvalidOperationException
{
    internal TrainingDivergedException(long step, double loss, double gradientNorm, double learningRate)
        : base(FormattableString.Invariant($"Training diverged at step {step}: loss {loss}, gradient norm {gradientNorm}, learning rate ")
            + FormattableString.Invariant($"{learningRate:g4}. Lower LearningRate (a third is a good first try), lengthen ")
            + "Optimizer.WarmupSteps, or lower Optimizer.GradientClipNorm.")
    {
        Step = step;
        Loss = loss;
        GradientNorm = gradientNorm;
        LearningRate = learningRate;
    }

    /// <summary>
    /// The step (from 1) that gave the value; on an accelerator the loss is read back at progress reports only, and this is the first read
    /// after it.
    /// </summary>
    public long Step { get; }

    /// <summary>The loss, in nats per token.</summary>
    public double Loss { get; }

    /// <summary>The global L2 norm of the gradient; NaN where it was not read.</summary>
    public double GradientNorm { get; }

    /// <summary>The learning rate of the step.</summary>
    public double LearningRate { get; }
}
