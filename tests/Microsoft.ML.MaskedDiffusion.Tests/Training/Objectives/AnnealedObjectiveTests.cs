using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using TorchSharp;
using static Microsoft.ML.MaskedDiffusion.Tests.ObjectiveStep;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Attention that goes from causal to full over a part of a run.</summary>
[TestClass]
public sealed class AnnealedObjectiveTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void ItBeginsCausalAndEndsFull(bool torchOperators)
    {
        using var network = new TransformerNetwork(Config, torch.CPU, torchOperators: torchOperators);
        network.Initialize(1);
        var plain = new DiffusionObjective(Config);
        var objective = new AnnealedObjective(new DiffusionObjective(Config), start: 0.25, share: 0.5);
        (double full, Dictionary<string, float[]> fullGradients) = Compute(plain, network);
        network.Attention = AttentionPattern.Causal;
        (double causal, Dictionary<string, float[]> causalGradients) = Compute(plain, network);
        network.Attention = null;

        objective.Begin(network, 0.25);
        Assert.AreEqual("attention not yet full", objective.LossRemark);
        (double loss, Dictionary<string, float[]> gradients) = Compute(objective, network);
        // The same attention, computed by another kernel in torch's case.
        Assert.AreEqual(causal, loss, 1e-6 * causal);
        AssertGradients(causalGradients, gradients, 1e-5f, 1e-6f);
        Assert.IsNull(network.Attention);

        objective.Begin(network, 0.5);
        (double half, Dictionary<string, float[]> halfGradients) = Compute(objective, network);
        Assert.AreNotEqual(causal, half);
        Assert.AreNotEqual(full, half);
        (double again, Dictionary<string, float[]> againGradients) = Compute(objective, network);
        Assert.AreEqual(half, again);
        AssertGradients(halfGradients, againGradients, 0, 0);
        CollectionAssert.AreEqual(plain.RowLosses(network, Batch()), objective.RowLosses(network, Batch()));

        objective.Begin(network, 0.75);
        Assert.IsNull(objective.LossRemark);
        (loss, gradients) = Compute(objective, network);
        Assert.AreEqual(full, loss);
        AssertGradients(fullGradients, gradients, 0, 0);
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
            (double loss, Dictionary<string, float[]> gradients) = Compute(objective, network);
            network.ActivationCheckpointing = true;
            (double again, Dictionary<string, float[]> againGradients) = Compute(objective, network);
            Assert.AreEqual(loss, again, 1e-6 * loss);
            AssertGradients(gradients, againGradients, 1e-5f, 1e-6f);
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
