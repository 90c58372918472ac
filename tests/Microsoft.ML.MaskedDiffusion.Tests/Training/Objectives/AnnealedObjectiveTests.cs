using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Attention that goes from causal to full over a part of a run.</summary>
[TestClass]
public sealed class AnnealedObjectiveTests
{
    private static readonly TransformerConfig Config = new()
    {
        LayerCount = 2, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 24, VocabularySize = 12, ContextLength = 10,
    };

    private static readonly LanguageBlocks Blocks = new(32, 10, symbols: 4, seed: 1);

    private static TokenBatch Batch()
    {
        var batch = new TokenBatch(16, 10, 16, seed: 5, RandomPurpose.Mask);
        for (int i = 0; i < 16; i++)
            batch.Add(Blocks, i, (ulong)i);
        return batch;
    }

    private static (double Loss, float[] Gradients) Compute(ITrainingObjective objective, TransformerNetwork network)
    {
        using var scope = torch.NewDisposeScope();
        network.ZeroGradients();
        torch.Tensor loss = objective.Loss(network, Batch());
        network.Backward(loss);
        return (loss.ToDouble(), [.. network.Parameters.Values.SelectMany(p => TensorMemory.FloatSpan(p.grad!).ToArray())]);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void ItBeginsCausalAndEndsFull(bool torchOperators)
    {
        using var network = new TransformerNetwork(Config, torch.CPU, torchOperators: torchOperators);
        network.Initialize(1);
        var plain = new DiffusionObjective(Config);
        var objective = new AnnealedObjective(new DiffusionObjective(Config), start: 0.25, share: 0.5);
        (double full, float[] fullGradients) = Compute(plain, network);
        network.Attention = AttentionPattern.Causal;
        (double causal, float[] causalGradients) = Compute(plain, network);
        network.Attention = null;

        objective.Begin(network, 0.25);
        Assert.AreEqual("attention not yet full", objective.LossRemark);
        (double loss, float[] gradients) = Compute(objective, network);
        // The same attention, computed by another kernel in torch's case.
        Assert.AreEqual(causal, loss, 1e-6 * causal);
        for (int i = 0; i < gradients.Length; i++)
            Assert.AreEqual(causalGradients[i], gradients[i], 1e-5f * Math.Abs(causalGradients[i]) + 1e-6f);
        Assert.IsNull(network.Attention);

        objective.Begin(network, 0.5);
        (double half, float[] halfGradients) = Compute(objective, network);
        Assert.AreNotEqual(causal, half);
        Assert.AreNotEqual(full, half);
        (double again, float[] againGradients) = Compute(objective, network);
        Assert.AreEqual(half, again);
        CollectionAssert.AreEqual(halfGradients, againGradients);
        CollectionAssert.AreEqual(plain.RowLosses(network, Batch()), objective.RowLosses(network, Batch()));

        objective.Begin(network, 0.75);
        Assert.IsNull(objective.LossRemark);
        (loss, gradients) = Compute(objective, network);
        Assert.AreEqual(full, loss);
        CollectionAssert.AreEqual(fullGradients, gradients);
    }

    [TestMethod]
    public void CheckpointedGradientsAreTheSame()
    {
        foreach (bool torchOperators in new[] { false, true })
        {
            using var network = new TransformerNetwork(Config, torch.CPU, torchOperators: torchOperators);
            network.Initialize(1);
            var objective = new AnnealedObjective(new DiffusionObjective(Config), start: 0, share: 1);
            objective.Begin(network, 0.5);
            (double loss, float[] gradients) = Compute(objective, network);
            network.ActivationCheckpointing = true;
            (double again, float[] againGradients) = Compute(objective, network);
            Assert.AreEqual(loss, again, 1e-6 * loss);
            for (int i = 0; i < gradients.Length; i++)
                Assert.AreEqual(gradients[i], againGradients[i], 1e-5f * Math.Abs(gradients[i]) + 1e-6f);
        }
    }

    /// <summary>A warm start is causal, and the annealing begins where it ends.</summary>
    [TestMethod]
    public void ItFollowsAWarmStart()
    {
        using var network = new TransformerNetwork(Config, torch.CPU);
        network.Initialize(1);
        var objective = new WarmStartObjective(new AnnealedObjective(new DiffusionObjective(Config), start: 0.25, share: 0.5), 0.25);
        var remarks = new List<string?>();
        foreach (double over in new[] { 0, 0.24, 0.25, 0.5, 0.74, 0.75, 0.99 })
        {
            objective.Begin(network, over);
            remarks.Add(objective.LossRemark);
            Assert.AreEqual(over < 0.25, network.Attention is { IsCausal: true });
        }
        CollectionAssert.AreEqual(new[]
        {
            "autoregressive", "autoregressive", "attention not yet full", "attention not yet full", "attention not yet full", null, null,
        }, remarks);
    }
}
