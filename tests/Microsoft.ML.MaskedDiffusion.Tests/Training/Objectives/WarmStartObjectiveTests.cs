using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>A start as an autoregressive model: the losses and gradients of one, and then those of masked diffusion.</summary>
[TestClass]
public sealed class WarmStartObjectiveTests
{
    private static readonly TransformerConfig Config = new()
    {
        LayerCount = 2, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 24, VocabularySize = 12, ContextLength = 8,
    };

    private static readonly LanguageBlocks Blocks = new(32, 8, symbols: 4, seed: 1);

    private static TokenBatch Batch()
    {
        var batch = new TokenBatch(16, 8, 16, seed: 5, RandomPurpose.Mask);
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
        // The embedding's last row is the mask token's, which an autoregressive network does not have.
        return (loss.ToDouble(), [.. network.Parameters.SelectMany(p => p.Key == TransformerNetwork.EmbeddingName
            ? TensorMemory.FloatSpan(p.Value.grad!)[..(Config.VocabularySize * Config.EmbeddingSize)].ToArray()
            : TensorMemory.FloatSpan(p.Value.grad!).ToArray())]);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void ItIsOneKindOfModelAfterTheOther(bool torchOperators)
    {
        using var network = new TransformerNetwork(Config, torch.CPU, torchOperators: torchOperators);
        using var causal = new TransformerNetwork(Config with { Autoregressive = true }, torch.CPU, torchOperators: torchOperators);
        network.Initialize(1);
        causal.Initialize(2);
        using (torch.no_grad())
        {
            foreach ((string name, TorchSharp.Modules.Parameter weights) in causal.Parameters)
                weights.copy_(network.Parameters[name].narrow(0, 0, weights.size(0)));
        }
        var diffusion = new DiffusionObjective(Config);
        var objective = new WarmStartObjective(new DiffusionObjective(Config), 0.25);

        objective.Begin(network, 0.2);
        (double loss, float[] gradients) = Compute(objective, network);
        (double expected, float[] expectedGradients) = Compute(new AutoregressiveObjective(), causal);
        Assert.AreEqual(expected, loss, 1e-6 * expected);
        for (int i = 0; i < gradients.Length; i++)
            Assert.AreEqual(expectedGradients[i], gradients[i], 1e-6f + 1e-5f * Math.Abs(expectedGradients[i]));
        // What is measured on held-out text is the bound of a masked diffusion model all the time, and changes nothing.
        Assert.AreEqual("autoregressive", objective.LossRemark);
        double[] rows = objective.RowLosses(network, Batch());
        Assert.IsTrue(network.Attention is { IsCausal: true });

        objective.Begin(network, 0.25);
        Assert.IsNull(objective.LossRemark);
        CollectionAssert.AreEqual(diffusion.RowLosses(network, Batch()), rows);
        (loss, gradients) = Compute(objective, network);
        (expected, expectedGradients) = Compute(diffusion, network);
        Assert.AreEqual(expected, loss);
        CollectionAssert.AreEqual(expectedGradients, gradients);
    }
}
