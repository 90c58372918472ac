using static Microsoft.ML.MaskedDiffusion.Tests.FineTuningTests;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What the loss of rows of different lengths is divided by.</summary>
[TestClass]
public sealed class LossDivisorTests
{
    private static readonly MaskedDiffusionModel Model = TinyModel.Create();

    [ClassCleanup]
    public static void Free() => Model.Dispose();

    [TestMethod]
    public void ARunWithAnotherDivisorIsNotResumed()
    {
        using var folder = new TemporaryFolder();
        void Run(LossDivisor divisor, int microBatchSize) => Fit(o =>
        {
            (o.Checkpoints.Folder, o.Checkpoints.Interval, o.Checkpoints.Resume) = (folder.File("run"), 1, true);
            (o.InitialModel, o.Rows.LossDivisor, o.Compute.MicroBatchSize) = (Model, divisor, microBatchSize);
        }).Dispose();
        Run(LossDivisor.Batch, 3);
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => Run(LossDivisor.MicroBatch, 3)).Message, "LossDivisor");
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void TheMicroBatchSizeChangesNothingButRounding(bool autoregressive)
    {
        // A warm-up counts micro batches, so there is none.
        using MaskedDiffusionModel initial = autoregressive ? TinyAutoregressiveModel.Create() : Model.Clone();
        double Trained(int microBatchSize, LossDivisor divisor)
        {
            TrainerOptions options = FineTuningTests.Options(o =>
            {
                (o.InitialModel, o.MaxSteps, o.Compute.MicroBatchSize, o.Rows.LossDivisor) = (initial, 1, microBatchSize, divisor);
                o.Optimizer.WarmupSteps = 0;
            });
            var ml = new MLContext(1);
            using LikelihoodScoringTransformer trained = autoregressive
                ? new AutoregressiveTrainer(ml, options).Fit(View(Rows)) : ml.MaskedDiffusion().Trainer(options).Fit(View(Rows));
            return trained.TrainingResult!.FinalLoss;
        }
        double whole = Trained(6, LossDivisor.Batch);
        Assert.AreEqual(whole, Trained(6, LossDivisor.MicroBatch), "one micro batch has one divisor");
        foreach (int size in new[] { 1, 2, 3 })
        {
            // The losses are 32-bit sums in another order: a few parts in a million.
            Assert.AreEqual(whole, Trained(size, LossDivisor.Batch), 1e-5 * whole);
            Assert.AreNotEqual(whole, Trained(size, LossDivisor.MicroBatch), 5e-5 * whole);
        }
    }
}
