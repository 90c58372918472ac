using Microsoft.ML.MaskedDiffusion.Modeling;

namespace Microsoft.ML.MaskedDiffusion.Training.Checkpoints;

/// <summary>The parts of a running training that a checkpoint writes down and fills again.</summary>
internal sealed record CheckpointContent(TransformerNetwork Network, AdamWOptimizer Optimizer, TrainingState State, WeightSnapshot Best, WeightAverage? Average, LossMeter Meter);
