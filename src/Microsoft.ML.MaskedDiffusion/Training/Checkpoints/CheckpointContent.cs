using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Training.Optimizers;
using Microsoft.ML.MaskedDiffusion.Training.Progress;

namespace Microsoft.ML.MaskedDiffusion.Training.Checkpoints;

/// <summary>The parts of a running training that a checkpoint writes down and fills again.</summary>
internal sealed record CheckpointContent(TransformerNetwork Network, AdamWOptimizer Optimizer, TrainingState State, WeightSnapshot Best,
    WeightAverage? Average, LossMeter Meter);
