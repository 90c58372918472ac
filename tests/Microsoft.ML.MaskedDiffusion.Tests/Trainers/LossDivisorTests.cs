using Microsoft.ML.MaskedDiffusion.Text.Tokenizers;
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

    /// <summary>The first id of a whole row is learned in masked diffusion, and not in the start, which cannot predict it.</summary>
    [TestMethod]
    [DataRow(0.0)]
    [DataRow(0.5)]
    public void TheMicroBatchSizeChangesNothingInAWarmStart(double warmStart)
    {
        TextTokenizer bytes = ByteLevelTokenizer.OfBytes();
        TextTokenizer beginning = TextTokenizer.FromFiles(new Dictionary<string, byte[]>(bytes.Files)
        {
            ["special_tokens_map.json"] = """{"bos_token": "!", "eos_token": "<|endoftext|>"}"""u8.ToArray(),
        });
        FineTuningRow[] rows = [.. new[] { "a", "bcd", "efghi", "jk", "lmnop", "q" }.Select(text => new FineTuningRow("", "", text))];
        double Trained(int microBatchSize)
        {
            TrainerOptions options = FineTuningTests.Options(o =>
            {
                (o.InitialModel, o.Network, o.Tokenizer) = (null, Model.Config, TokenizerSource.FromTokenizer(beginning));
                (o.Rows.PromptColumnName, o.Rows.PackDocuments, o.Rows.LossDivisor) = (null, false, LossDivisor.Batch);
                (o.MaxSteps, o.Compute.MicroBatchSize, o.Optimizer.WarmupSteps, o.WarmStart) = (1, microBatchSize, 0, warmStart);
            });
            using LikelihoodScoringTransformer trained = new MLContext(1).MaskedDiffusion().Trainer(options).Fit(View(rows));
            return trained.TrainingResult!.FinalLoss;
        }
        double whole = Trained(6);
        // The losses are 32-bit sums in another order: a few parts in a million.
        foreach (int size in new[] { 1, 2, 3 })
            Assert.AreEqual(whole, Trained(size), 1e-5 * whole);
    }
}
