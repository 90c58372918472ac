using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Optimizers;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class LearningRateScheduleTests
{
    // Rows of the reference scripts' own schedules: (preset, FLOPs / 1e18, accumulation, steps, warm-up steps, iteration, learning rate).
    [TestMethod]
    [DataRow("6M", 1.0, 1, 50500, 505, 0, 0.0)]
    [DataRow("6M", 1.0, 1, 50500, 505, 1, 3.9603960396039606e-07)]
    [DataRow("6M", 1.0, 1, 50500, 505, 504, 0.0001996039603960396)]
    [DataRow("6M", 1.0, 1, 50500, 505, 505, 0.0002)]
    [DataRow("6M", 1.0, 1, 50500, 505, 506, 0.00019999999982231158)]
    [DataRow("6M", 1.0, 1, 50500, 505, 25250, 0.00011142793674513272)]
    [DataRow("6M", 1.0, 1, 50500, 505, 50499, 2.0000000177688415e-05)]
    [DataRow("6M", 1.0, 1, 50500, 505, 50500, 2e-05)]
    [DataRow("19M", 1.0, 1, 16836, 168, 8418, 0.0001114248529064645)]
    [DataRow("113M", 10.0, 4, 28066, 280, 1121, 0.0001999999999640466)]
    [DataRow("113M", 10.0, 4, 28066, 280, 56132, 0.00011142454525500907)]
    [DataRow("170M", 10.0, 4, 18710, 187, 37420, 0.00011142716591048797)]
    [DataRow("170M", 100.0, 4, 187107, 1871, 748427, 2.0000000000808986e-05)]
    public void FollowsThePublishedTable(string preset, double flops, int accumulation, int steps, int warmup, int iteration,
        double expected)
    {
        long parameters = TransformerConfig.FromPreset(preset).NonEmbeddingParameterCount;
        Assert.AreEqual(steps, ComputeBudget.StepsForFlops(flops * 1e18, parameters, 256, 2048));
        Assert.AreEqual(warmup, LearningRateSchedule.DefaultWarmupSteps(steps));
        LearningRateSchedule schedule = LearningRateSchedule.FromSteps(2e-4, 0.1, warmup, steps, accumulation);
        Assert.AreEqual(expected, schedule.At(iteration), 1e-15 * 2e-4 + 4e-16 * expected);
    }

    // Of the scripts for fine-tuning (ShareGPT, GSM8K, reversal, autoregressive): (steps, warm-up steps, accumulation, iteration, learning
    // rate).
    [TestMethod]
    [DataRow(651, 200, 8, 1, 1.25e-07)]
    [DataRow(651, 200, 8, 2604, 0.00016774409278333714)]
    [DataRow(120193, 1201, 2, 120193, 0.0001114268208130852)]
    [DataRow(562, 200, 2, 562, 0.00017866428019438946)]
    [DataRow(651, 200, 4, 2603, 2.000013647059436e-05)]
    public void FollowsTheFineTuningScripts(int steps, int warmup, int accumulation, int iteration, double expected) =>
        Assert.AreEqual(expected, LearningRateSchedule.FromSteps(2e-4, 0.1, warmup, steps, accumulation).At(iteration), 1e-18);

    [TestMethod]
    public void StochasticLengthsMakeThePublishedRunsLonger()
    {
        long parameters = TransformerConfig.FromPreset("113M").NonEmbeddingParameterCount;
        long steps = ComputeBudget.StepsForFlops(10e18, parameters, 256, ComputeBudget.MeanLength(2048, 0.01));
        Assert.AreEqual(28207, steps);
        Assert.AreEqual(282, LearningRateSchedule.DefaultWarmupSteps(steps));
    }

    [TestMethod]
    public void AStepUsesTheRateOfItsLastMicroBatch()
    {
        LearningRateSchedule schedule = LearningRateSchedule.FromSteps(1, 0.1, 5, 50, accumulation: 4);
        for (long step = 0; step < 50; step++)
            Assert.AreEqual(schedule.At(4 * step + 3), schedule.AtStep(step, 4));
    }

    [TestMethod]
    public void RisesThenFallsAndStaysAtTheFloor()
    {
        LearningRateSchedule schedule = LearningRateSchedule.FromSteps(3e-3, 0.05, 30, 200, accumulation: 1);
        for (int i = 0; i < 30; i++)
            Limit.Below(schedule.At(i + 1), schedule.At(i));
        for (int i = 30; i < 200; i++)
            Assert.IsGreaterThan(schedule.At(i + 1), schedule.At(i));
        Assert.AreEqual(3e-3 * 0.05, schedule.At(1000), 1e-18);
    }

    [TestMethod]
    public void WithoutWarmupStartsAtThePeak() => Assert.AreEqual(0.5, LearningRateSchedule.FromSteps(0.5, 0, 0, 10, 1).At(0), 1e-15);

    [TestMethod]
    public void ARunThatIsAllWarmupEndsAtThePeak() => Assert.AreEqual(0.5, LearningRateSchedule.FromSteps(0.5, 0, 10, 10, 1).At(10), 1e-15);

    [TestMethod]
    [DataRow(5, 0)]
    [DataRow(200, 20)]
    [DataRow(1000, 100)]
    [DataRow(5000, 100)]
    [DataRow(50500, 505)]
    public void ShortRunsWarmUpForATenth(int steps, int expected) =>
        Assert.AreEqual(expected, LearningRateSchedule.DefaultWarmupSteps(steps));
}
