using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using TorchSharp;
using static Microsoft.ML.MaskedDiffusion.Tests.ObjectiveStep;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>A start as an autoregressive model: the losses and gradients of one, and then those of masked diffusion.</summary>
[TestClass]
public sealed class WarmStartObjectiveTests
{
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
        (double loss, Dictionary<string, float[]> gradients) = Compute(objective, network);
        (double expected, Dictionary<string, float[]> expectedGradients) = Compute(new AutoregressiveObjective(), causal);
        Assert.AreEqual(expected, loss, 1e-6 * expected);
        // The embedding's last row is the mask token's, which an autoregressive network does not have.
        AssertGradients(expectedGradients, gradients, 1e-5f, 1e-6f);
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
        AssertGradients(expectedGradients, gradients, 0, 0);
    }

    [TestMethod]
    public void ItsLossIsTheMeanOverTheTokensThatItLearns()
    {
        using var network = new TransformerNetwork(Config, torch.CPU);
        ITrainingObjective objective = new WarmStartObjective(new DiffusionObjective(Config), 0.25);
        objective.Begin(network, 0.2);
        // 16 rows of 10 ids; the first of each cannot be predicted from those before it.
        Assert.AreEqual(16 * 9, objective.LearnedTokens(Batch()));
        objective.Begin(network, 0.25);
        Assert.AreEqual(16 * 10, objective.LearnedTokens(Batch()));
    }
}
