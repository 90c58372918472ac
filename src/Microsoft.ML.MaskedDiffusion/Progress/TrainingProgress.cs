using Microsoft.ML.MaskedDiffusion.Progress;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>One report of a running training. Immutable, hence safe to hand to other threads.</summary>
public sealed record TrainingProgress
{
    /// <summary>What the run is busy with.</summary>
    public TrainingPhase Phase { get; init; }

    /// <summary>
    /// How much of the phase is done: byte pairs merged in <see cref="TrainingPhase.TrainingTokenizer"/>, documents in
    /// <see cref="TrainingPhase.Tokenizing"/> and <see cref="TrainingPhase.Packing"/>, optimizer steps in
    /// <see cref="TrainingPhase.Training"/>, blocks in <see cref="TrainingPhase.Validating"/>.
    /// </summary>
    public long Completed { get; init; }

    /// <summary>
    /// How much there is to do in the phase, counted as <see cref="Completed"/> is; null where the end is not known. Under a wall-clock
    /// budget an estimate that is renewed with every report.
    /// </summary>
    public long? Total { get; init; }

    /// <summary>How much of the phase is done, 0 to 100; null where <see cref="Total"/> is not known.</summary>
    public double? Percent => Share.Percent(Completed, Total);

    /// <summary>
    /// Documents read so far in <see cref="TrainingPhase.TrainingTokenizer"/>, <see cref="TrainingPhase.Tokenizing"/> and
    /// <see cref="TrainingPhase.Packing"/>; 0 afterwards.
    /// </summary>
    public long Documents { get; init; }

    /// <summary>Tokens: of the corpus so far while tokenizing; tokens trained on, repetitions counted, while training.</summary>
    public long Tokens { get; init; }

    /// <summary>Optimizer steps finished; 0 before training.</summary>
    public long Step { get; init; }

    /// <summary>
    /// Optimizer steps planned. Under a wall-clock budget an estimate that is renewed with every report. Null before training, and where
    /// the training goes on until it is cancelled.
    /// </summary>
    public long? MaxSteps { get; init; }

    /// <summary>Passes over the training blocks finished, with the fraction of the one at hand.</summary>
    public double Epoch { get; init; }

    /// <summary>
    /// Training loss in nats per token: the mean over the steps since the last report. NaN before training. What it measures depends on
    /// <see cref="LossIsBound"/>.
    /// </summary>
    public double Loss { get; init; } = double.NaN;

    /// <summary>
    /// Whether <see cref="Loss"/> estimates the upper bound on the negative log-likelihood (for an autoregressive model, the negative
    /// log-likelihood itself), with one noise draw a sequence, so that it compares with <see cref="ValidationLoss"/>.
    /// </summary>
    public bool LossIsBound => LossRemark is null;

    /// <summary>
    /// What <see cref="Loss"/> is where it is not the bound: "uniform weights", "dynamic weights" or "clipped weights"
    /// (<see cref="NoiseOptions.LossWeighting"/>), "autoregressive" (<see cref="TrainerOptions.WarmStart"/>), "with gaps of wrong lengths"
    /// (<see cref="NoiseOptions.GapLengthRatio"/>), or "attention not yet full" (<see cref="TrainerOptions.AttentionAnnealing"/>), alone or
    /// before one of the others. Null, the default, where it is the bound.
    /// </summary>
    public string? LossRemark { get; init; }

    /// <summary>
    /// The latest validation loss in nats per token, always the upper bound on the negative log-likelihood; null when there was none yet.
    /// </summary>
    public double? ValidationLoss { get; init; }

    /// <summary>
    /// Standard error of <see cref="ValidationLoss"/> over blocks and noise draws, in nats per token; null if there is only one value,
    /// which gives no error.
    /// </summary>
    public double? ValidationStandardError { get; init; }

    /// <summary>Learning rate of the last step.</summary>
    public double LearningRate { get; init; }

    /// <summary>
    /// Tokens trained on per second since the last report, validation not counted. While tokenizing: tokens made per second.
    /// </summary>
    public double TokensPerSecond { get; init; }

    /// <summary>
    /// 6 x non-embedding parameters x <see cref="TokensPerSecond"/> as a share of the fp32 matrix-product peak of the device, which is
    /// measured once with a short product; null outside <see cref="TrainingPhase.Training"/> or when not measured.
    /// </summary>
    public double? MatrixPeakShare { get; init; }

    /// <summary>
    /// Time since the phase's run began: of the reading and tokenizing before training, of training and validation afterwards.
    /// </summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Estimated time left of the training; null where it is not known, as before the first step.</summary>
    public TimeSpan? Remaining { get; init; }

    /// <summary>A report of text that is turned into tokens.</summary>
    internal static TrainingProgress OfText(
        TrainingPhase phase, long completed, long? total, long documents, long tokens, TimeSpan elapsed) => new()
        {
            Phase = phase,
            Completed = completed,
            Total = total,
            Documents = documents,
            Tokens = tokens,
            Elapsed = elapsed,
            TokensPerSecond = tokens / Math.Max(elapsed.TotalSeconds, 1e-9),
        };
}
