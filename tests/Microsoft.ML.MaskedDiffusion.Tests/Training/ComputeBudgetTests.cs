using Microsoft.ML.MaskedDiffusion.Training;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class ComputeBudgetTests
{
    private static long? Steps(ComputeBudget budget) =>
        budget.ToSteps(nonEmbeddingParameters: 1_000_000, batchSize: 8, meanLength: 100, blockCount: 20);

    [TestMethod]
    public void NoBudgetGivesNoSteps() => Assert.IsNull(Steps(new ComputeBudget()));

    [TestMethod]
    public void EachKindCountsInItsOwnUnit()
    {
        Assert.AreEqual(7, Steps(new ComputeBudget { Steps = 7 }));
        Assert.AreEqual(5, Steps(new ComputeBudget { Epochs = 2 }));           // 40 blocks in steps of 8
        Assert.AreEqual(3, Steps(new ComputeBudget { Epochs = 1 }));           // 20 blocks: two and a half steps, rounded up
        Assert.AreEqual(3, Steps(new ComputeBudget { Tokens = 1601 }));        // 800 tokens a step
        Assert.AreEqual(10, Steps(new ComputeBudget { Flops = 6e6 * 8000 }));  // 6 N a token
    }

    [TestMethod]
    public void TheSmallestOfSeveralDecides() =>
        Assert.AreEqual(3, Steps(new ComputeBudget { Steps = 7, Epochs = 2, Tokens = 2400, Flops = 6e6 * 8000 }));

    [TestMethod]
    public void ABudgetBelowOneStepIsOneStep()
    {
        Assert.AreEqual(1, Steps(new ComputeBudget { Tokens = 1 }));
        Assert.AreEqual(1, Steps(new ComputeBudget { Flops = 1 }));
        Assert.AreEqual(1, Steps(new ComputeBudget { Epochs = 0.01 }));
    }
}
