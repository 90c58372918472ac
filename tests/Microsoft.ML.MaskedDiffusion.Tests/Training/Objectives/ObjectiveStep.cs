using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>One step of a small network over a small language: what an objective computes for it.</summary>
internal static class ObjectiveStep
{
    private static readonly LanguageBlocks Blocks = new(32, 10, symbols: 4, seed: 1);

    public static TransformerConfig Config { get; } = new()
    {
        LayerCount = 2, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 24, VocabularySize = 12, ContextLength = 10,
    };

    public static TokenBatch Batch()
    {
        var batch = new TokenBatch(16, 10, 16, seed: 5, RandomPurpose.Mask);
        for (int i = 0; i < 16; i++)
            batch.Add(Blocks, i, (ulong)i);
        return batch;
    }

    /// <summary>The loss of the batch, and the gradients of the network's parameters by name.</summary>
    public static (double Loss, Dictionary<string, float[]> Gradients) Compute(ITrainingObjective objective, TransformerNetwork network)
    {
        using var scope = torch.NewDisposeScope();
        network.ZeroGradients();
        torch.Tensor loss = objective.Loss(network, Batch());
        network.Backward(loss);
        return (loss.ToDouble(), network.Parameters.ToDictionary(p => p.Key, p => TensorMemory.FloatSpan(p.Value.grad!).ToArray()));
    }

    /// <summary>Asserts that gradients differ by no more than the given part of each and the given amount.</summary>
    /// <param name="expected">What is expected; an embedding that has fewer rows here is compared in these.</param>
    /// <param name="actual">What was computed.</param>
    /// <param name="relative">The relative tolerance.</param>
    /// <param name="absolute">The absolute tolerance.</param>
    public static void AssertGradients(
        Dictionary<string, float[]> expected, Dictionary<string, float[]> actual, float relative, float absolute)
    {
        CollectionAssert.AreEquivalent(expected.Keys, actual.Keys);
        foreach ((string name, float[] values) in expected)
        {
            if (name != TransformerNetwork.EmbeddingName)
                Assert.HasCount(values.Length, actual[name], name);
            for (int i = 0; i < values.Length; i++)
                Assert.AreEqual(values[i], actual[name][i], absolute + relative * Math.Abs(values[i]), name);
        }
    }
}
