using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What a whole training gives: its figures and its weights.</summary>
internal sealed record TrainingOutcome(TrainingResult Result, Dictionary<string, float[]> Weights)
{
    /// <summary>Trains a network from the settings' seed, or from its checkpoints, on the processor.</summary>
    public static TrainingOutcome Of(TransformerConfig config, ITokenBlocks train, ITokenBlocks? validation, TrainingSettings settings,
        ITrainingObjective? objective = null, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        (TransformerNetwork network, TrainingResult result) = NetworkTrainer.Train(
            config, "cpu", objective ?? new DiffusionObjective(config), train, validation, settings, progress, cancellationToken);
        using (network)
            return new TrainingOutcome(result, network.Parameters.ToDictionary(p => p.Key, p => TensorMemory.FloatSpan(p.Value).ToArray()));
    }

    /// <summary>Asserts that two trainings are the same in all but their times.</summary>
    public static void AssertSame(TrainingOutcome expected, TrainingOutcome actual)
    {
        foreach (string name in expected.Weights.Keys)
            CollectionAssert.AreEqual(expected.Weights[name], actual.Weights[name], name);
        Assert.AreEqual(expected.Result.Steps, actual.Result.Steps);
        Assert.AreEqual(expected.Result.BestStep, actual.Result.BestStep);
        Assert.AreEqual(expected.Result.Stop, actual.Result.Stop);
        Assert.AreEqual(expected.Result.FinalLoss, actual.Result.FinalLoss);
        Assert.AreEqual(expected.Result.ValidationLoss, actual.Result.ValidationLoss);
        Assert.AreEqual(expected.Result.ValidationStandardError, actual.Result.ValidationStandardError);
        Assert.AreEqual(expected.Result.TokensSeen, actual.Result.TokensSeen);
        CollectionAssert.AreEqual(expected.Result.LossHistory.Select(p => (p.Step, p.Tokens, p.Loss, p.LearningRate)).ToArray(),
            actual.Result.LossHistory.Select(p => (p.Step, p.Tokens, p.Loss, p.LearningRate)).ToArray());
        CollectionAssert.AreEqual(expected.Result.ValidationHistory.Select(p => (p.Step, p.Loss, p.StandardError)).ToArray(),
            actual.Result.ValidationHistory.Select(p => (p.Step, p.Loss, p.StandardError)).ToArray());
    }
}
