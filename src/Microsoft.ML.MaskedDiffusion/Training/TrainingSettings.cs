using Microsoft.ML.MaskedDiffusion.Training.Adapters;
using Microsoft.ML.MaskedDiffusion.Training.Checkpoints;
using Microsoft.ML.MaskedDiffusion.Training.Optimizers;

namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>The loop's settings, already resolved and validated by whoever built them (a trainer's Options).</summary>
internal sealed record TrainingSettings
{
    /// <summary>
    /// Steps to take; null under a wall-clock budget alone, or, without one, where the run goes on until it is cancelled.
    /// </summary>
    public long? MaxSteps { get; init; }

    /// <summary>Wall-clock budget of the loop; the schedule then follows the share of it that is used up.</summary>
    public double? MaxSeconds { get; init; }

    /// <summary>Sequences per optimizer step.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Sequences per forward and backward pass; divides <see cref="BatchSize"/>.</summary>
    public int MicroBatchSize { get; init; } = 32;

    /// <summary>What a step's loss is divided by; blocks of one length have the same divisor either way.</summary>
    public LossDivisor LossDivisor { get; init; } = LossDivisor.MicroBatch;

    /// <summary>The share of micro batches that are cut to a random length, 0 to 1.</summary>
    public double StochasticLengthRatio { get; init; }

    public double LearningRate { get; init; } = 1e-3;

    public double MinLearningRateRatio { get; init; } = 0.1;

    /// <summary>Null: <see cref="LearningRateSchedule.DefaultWarmupSteps"/>.</summary>
    public double? WarmupSteps { get; init; }

    public double Beta1 { get; init; } = 0.9;

    public double Beta2 { get; init; } = 0.95;

    /// <summary>What AdamW adds to the root of the second moment, as published.</summary>
    public const double Epsilon = 1e-8;

    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Whether weight decay also pulls at norm gains, as published.</summary>
    public bool DecayNormGains { get; init; } = true;

    /// <summary>Global L2 norm the gradient is clipped to; infinity for none.</summary>
    public double GradientClipNorm { get; init; } = 1;

    /// <summary>The decay rate of the moving average of the weights, which then is validated and handed over; null for none.</summary>
    public double? EmaDecay { get; init; }

    /// <summary>What is adapted while all other weights are frozen; null where all weights are trained.</summary>
    public LoraSettings? Lora { get; init; }

    /// <summary>Steps between validations.</summary>
    public long ValidationInterval { get; init; } = 200;

    /// <summary>Noise draws per validation block.</summary>
    public int ValidationSamples { get; init; } = 2;

    /// <summary>At most so many validation blocks, evenly spaced over the set.</summary>
    public int MaxValidationBlocks { get; init; } = 64;

    /// <summary>Validations without improvement before stopping; null for never.</summary>
    public int? EarlyStoppingPatience { get; init; }

    /// <summary>
    /// The share of <see cref="MaxSteps"/> after which the run stops with a checkpoint, as if it were to go on; null for its end.
    /// </summary>
    public double? PauseShare { get; init; }

    /// <summary>Steps between progress reports and points of the loss history.</summary>
    public long ProgressInterval { get; init; } = 10;

    public int Seed { get; init; }

    public CancelBehavior CancelBehavior { get; init; }

    /// <summary>The clock of the wall-clock budget and the reported times.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Where the run is written down; null for nowhere.</summary>
    public CheckpointSettings? Checkpoints { get; init; }

    /// <summary>The arithmetic of the steps and validations.</summary>
    public Precision Precision { get; init; }

    /// <summary>Whether the backward pass computes activations again instead of keeping them: the same weights for less memory.</summary>
    public bool ActivationCheckpointing { get; init; }

    /// <summary>The processes that train together.</summary>
    public IProcessGroup Group { get; init; } = SingleProcess.Instance;

    /// <summary>
    /// The ranks whose order of additions a step's gradient has: those of the group times a power of two. It divides the micro batches of a
    /// step.
    /// </summary>
    public int VirtualRanks { get; init; } = 1;

    /// <summary>What else shapes the run beside settings, network and data, by the name that messages use.</summary>
    public IReadOnlyDictionary<string, string> Traits { get; init; } = new Dictionary<string, string>();

    public int Accumulation => BatchSize / MicroBatchSize;
}
