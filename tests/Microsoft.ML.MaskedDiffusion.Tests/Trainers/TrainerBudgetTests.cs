using Microsoft.ML.MaskedDiffusion.Training;
using static Microsoft.ML.MaskedDiffusion.Tests.MaskedDiffusionTrainerTests;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>When a training ends, and how far its reports say it is.</summary>
[TestClass]
public sealed class TrainerBudgetTests
{
    [TestMethod]
    public void EveryPhaseHasATotalOfItsOwnAndStepsAreOptimizerStepsOnly()
    {
        var ml = new MLContext(1);
        var progress = new Collected<TrainingProgress>();
        using var transformer = new MaskedDiffusionTrainer(
            ml, Small(o => (o.Progress, o.ValidationSet) = (progress, View(ml, "the cat sat on the log")))).Fit(View(ml, Sentences));
        foreach (IGrouping<TrainingPhase, TrainingProgress> phase in progress.Reports.GroupBy(report => report.Phase))
        {
            TrainingProgress last = phase.Last();
            Assert.IsNotNull(last.Total, $"{phase.Key}: the data say how many rows they have");
            Assert.AreEqual(100.0, last.Percent, $"{phase.Key}");
            bool trains = phase.Key is TrainingPhase.Training or TrainingPhase.Validating;
            Assert.IsTrue(phase.All(report => report.Step > 0 == trains), $"{phase.Key} reports optimizer steps");
            // A callback that computes its own percentage must not divide by zero.
            Assert.IsTrue(phase.All(report => trains ? report.MaxSteps > 0 : report.MaxSteps is null), $"{phase.Key}");
        }
    }

    [TestMethod]
    public void TrainsUntilCancelledAtAConstantRate()
    {
        var ml = new MLContext(1);
        using var source = new CancellationTokenSource();
        var progress = new Collected<TrainingProgress>(report =>
        {
            if (report.Step == 7)
                source.Cancel();
        });
        using LikelihoodScoringTransformer transformer = new MaskedDiffusionTrainer(ml, Small(o =>
        {
            (o.MaxSteps, o.Progress, o.ProgressInterval, o.CancellationToken) = (null, progress, 1, source.Token);
            (o.Budget.UntilCancelled, o.Optimizer.WarmupSteps) = (true, 2);
        })).Fit(View(ml, Sentences));
        Assert.AreEqual(7, transformer.TrainingResult!.Steps);
        Assert.AreEqual(TrainingStop.Cancelled, transformer.TrainingResult.Stop);
        TrainingProgress[] steps = [.. progress.Reports.Where(report => report.Phase == TrainingPhase.Training)];
        Assert.IsTrue(steps.All(report => report.MaxSteps is null && report.Total is null && report.Remaining is null));
        Assert.IsTrue(steps.Skip(2).All(report => report.LearningRate == steps[2].LearningRate), "after the warm-up");
        Limit.Below(steps[2].LearningRate, steps[0].LearningRate);
    }

    [TestMethod]
    public void AnEndlessTrainingHasNoOtherBudget()
    {
        using var source = new CancellationTokenSource();
        foreach (Action<TrainerOptions> change in new Action<TrainerOptions>[]
        {
            o => o.MaxSteps = 5, o => o.Budget.MaxEpochs = 1, o => o.Budget.MaxTokens = 1, o => o.Budget.MaxFlops = 1,
            o => o.Budget.MaxSeconds = 1, o => o.CancellationToken = default,
        })
        {
            var options = new TrainerOptions { Budget = { UntilCancelled = true }, CancellationToken = source.Token };
            _ = new MaskedDiffusionTrainer(new MLContext(1), options);
            change(options);
            var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MaskedDiffusionTrainer(new MLContext(1), options));
            StringAssert.Contains(error.Message, "Budget.UntilCancelled");
        }
    }

    [TestMethod]
    public void TheLargestBudgetsDoNotOverflow()
    {
        var ml = new MLContext(1);
        foreach (Action<TrainerOptions> change in new Action<TrainerOptions>[]
        {
            o => o.MaxSteps = 1_000_000_000_000, o => o.Budget.MaxEpochs = 1e9, o => o.Budget.MaxTokens = 1_000_000_000_000_000_000,
            o => o.Budget.MaxFlops = 1e30, o => o.Budget.MaxSeconds = 1e9,
        })
        {
            using var source = new CancellationTokenSource();
            var progress = new Collected<TrainingProgress>(report =>
            {
                if (report.Step == 2)
                    source.Cancel();
            });
            using LikelihoodScoringTransformer transformer = new MaskedDiffusionTrainer(ml, Small(o =>
            {
                (o.MaxSteps, o.Progress, o.ProgressInterval, o.CancellationToken) = (null, progress, 1, source.Token);
                o.CancelBehavior = CancelBehavior.ReturnBestSoFar;
                change(o);
            })).Fit(View(ml, Sentences));
            Assert.AreEqual(2, transformer.TrainingResult!.Steps);
            Assert.IsGreaterThan(0, progress.Reports[^1].MaxSteps!.Value);
        }
    }

    [TestMethod]
    public void TheSmallestBudgetEndsTheTraining()
    {
        var ml = new MLContext(1);
        using LikelihoodScoringTransformer byTokens =
            new MaskedDiffusionTrainer(ml, Small(o => (o.MaxSteps, o.Budget.MaxTokens) = (50, 3 * 4 * 12))).Fit(View(ml, Sentences));
        Assert.AreEqual(3, byTokens.TrainingResult!.Steps);
        using LikelihoodScoringTransformer byTime =
            new MaskedDiffusionTrainer(ml, Small(o => (o.MaxSteps, o.Budget.MaxSeconds) = (null, 1e-6))).Fit(View(ml, Sentences));
        Assert.AreEqual(1, byTime.TrainingResult!.Steps, "one step is always taken");
    }

    [TestMethod]
    public void StochasticLengthsTrainOnFewerTokensAndBudgetsCountTheMean()
    {
        var ml = new MLContext(1);
        using LikelihoodScoringTransformer cut = new MaskedDiffusionTrainer(
            ml, Small(o => (o.Noise.StochasticLengthRatio, o.MaxSteps, o.Compute.MicroBatchSize) = (1, 12, 2))).Fit(View(ml, Sentences));
        var lengths = new SequenceLengths(1, 12, 3);
        Assert.AreEqual(2 * Enumerable.Range(0, 24).Sum(i => lengths[i]), cut.TrainingResult!.TokensSeen);
        Assert.IsTrue(double.IsFinite(cut.TrainingResult.FinalLoss));
        // A step of 4 sequences has 4 x (1 + 12) / 2 = 26 tokens on average.
        using LikelihoodScoringTransformer budget =
            new MaskedDiffusionTrainer(ml, Small(o => (o.Noise.StochasticLengthRatio, o.MaxSteps, o.Budget.MaxTokens) = (1, null, 3 * 26)))
            .Fit(View(ml, Sentences));
        Assert.AreEqual(3, budget.TrainingResult!.Steps);
    }
}
