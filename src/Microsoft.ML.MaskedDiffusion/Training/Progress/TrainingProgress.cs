namespace Microsoft.ML.MaskedDiffusion;

/// <summary>One report of a running training. Immutable, hence safe to hand to other threads.</summary>
public sealed record TrainingProgress
{
    /// <summary>What the run is busy with.</summary>
    public TrainingPhase Phase { get; init; }

    /// <summary>
    /// Documents read so far by <see cref="TrainingPhase.TrainingTokenizer"/> and <see cref="TrainingPhase.Tokenizing"/>; all of them
    /// afterwards.
    /// </summary>
    public long Documents { get; init; }

    /// <summary>Tokens: of the corpus so far while tokenizing; tokens trained on, repetitions counted, while training.</summary>
    public long Tokens { get; init; }

    /// <summary>
    /// Optimizer steps finished; in <see cref="TrainingPhase.TrainingTokenizer"/> byte pairs merged; otherwise 0 before training.
    /// </summary>
    public long Step { get; init; }

    /// <summary>
    /// Steps planned, or byte pairs to merge; otherwise 0 before training. Under a wall-clock budget an estimate that is renewed with every
    /// report.
    /// </summary>
    public long MaxSteps { get; init; }

    /// <summary>
    /// How much of the phase is done, 0 to 100: <see cref="Step"/> of <see cref="MaxSteps"/>. Null where the end is not known, as while
    /// text is being tokenized.
    /// </summary>
    public double? Percent => MaxSteps > 0 ? Math.Min(100, 100.0 * Step / MaxSteps) : null;

    /// <summary>Passes over the training blocks finished, with the fraction of the one at hand.</summary>
    public double Epoch { get; init; }

    /// <summary>
    /// Training loss in nats per token, an upper bound on the negative log-likelihood estimated with one noise draw a sequence: the mean
    /// over the steps since the last report. NaN before training.
    /// </summary>
    public double Loss { get; init; } = double.NaN;

    /// <summary>The latest validation loss in nats per token, or null when there was none yet.</summary>
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

    /// <summary>Estimated time left of the training; null before the first step.</summary>
    public TimeSpan? Remaining { get; init; }
}
