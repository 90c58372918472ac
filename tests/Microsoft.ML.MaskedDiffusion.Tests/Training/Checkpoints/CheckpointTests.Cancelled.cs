using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Training;
using static Microsoft.ML.MaskedDiffusion.Tests.TrainingOutcome;

namespace Microsoft.ML.MaskedDiffusion.Tests;

public sealed partial class CheckpointTests
{
    /// <summary>Runs until the given micro batch, of which there are two a step, and is cancelled there.</summary>
    private static TrainingOutcome? RunAndCancel(TrainingSettings settings, int microBatch, ITokenBlocks? validation)
    {
        using var source = new CancellationTokenSource();
        var blocks = new StoppingBlocks(microBatch, source.Cancel);
        if (settings.CancelBehavior == CancelBehavior.ReturnBestSoFar)
            return Run(settings, validation, cancellationToken: source.Token, train: blocks);
        Assert.ThrowsExactly<OperationCanceledException>(
            () => Run(settings, validation, cancellationToken: source.Token, train: blocks));
        return null;
    }

    [TestMethod]
    [DataRow(1, 0L)]
    [DataRow(2, 1L)]
    [DataRow(5, 2L)]
    // The validations are of the steps 3, 6, 9 and 12: these three are cancelled before them.
    [DataRow(6, 3L)]
    [DataRow(18, 9L)]
    [DataRow(24, 12L)]
    public void ACancelledRunLeavesACheckpointOfItsLastStep(int microBatch, long step)
    {
        TrainingOutcome whole = Run(Settings, Held);
        foreach (CancelBehavior behavior in Enum.GetValues<CancelBehavior>())
        {
            if (step == 0 && behavior == CancelBehavior.ReturnBestSoFar)
                continue;
            using var folder = new TemporaryFolder();
            // None would be written by time or interval so early.
            TrainingSettings settings = In(folder, interval: null, minutes: 60) with { CancelBehavior = behavior };
            TrainingOutcome? returned = RunAndCancel(settings, microBatch, Held);
            string[] expected = step == 0 ? [] : [$"step-{step:D9}"];
            CollectionAssert.AreEqual(expected, Names(folder), $"{behavior}");
            Assert.AreEqual(step, returned?.Result.Steps ?? step);
            AssertSame(whole, Run(settings, Held));
            AssertSame(whole, Run(settings, Held));
        }
    }

    [TestMethod]
    public void ARunCancelledAgainAndAgainEndsWithTheSameBits()
    {
        using var folder = new TemporaryFolder();
        TrainingOutcome whole = Run(Settings with { EmaDecay = 0.8 }, Held);
        TrainingSettings settings = In(folder, interval: null, minutes: 60) with { EmaDecay = 0.8 };
        foreach (int microBatch in new[] { 3, 4, 1, 2, 6, 5 })
            RunAndCancel(settings, microBatch, Held);
        AssertSame(whole, Run(settings, Held));
    }

    [TestMethod]
    public void TheLossesOfADroppedStepAreNotReported()
    {
        using var folder = new TemporaryFolder();
        TrainingSettings returning = In(folder) with { CancelBehavior = CancelBehavior.ReturnBestSoFar, ProgressInterval = 99 };
        TrainingOutcome expected = Run(Settings with { ProgressInterval = 99, MaxSteps = 3 });
        Assert.AreEqual(expected.Result.FinalLoss, RunAndCancel(returning, 7, null)!.Result.FinalLoss);
    }
}
