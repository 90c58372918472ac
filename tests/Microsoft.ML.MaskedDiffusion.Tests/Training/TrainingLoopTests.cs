using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using Microsoft.ML.MaskedDiffusion.Training.Optimizers;
using TorchSharp;
using static Microsoft.ML.MaskedDiffusion.Tests.TinyTraining;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class TrainingLoopTests
{
    private static readonly TrainingSettings Settings = new()
    {
        MaxSteps = 6,
        BatchSize = 8,
        MicroBatchSize = 8,
        LearningRate = 3e-3,
        WarmupSteps = 2,
        ProgressInterval = 1,
        ValidationInterval = 2,
        Seed = 11,
    };

    private static readonly LanguageBlocks Train = new(64, Length, symbols: 4, seed: 1);
    private static readonly LanguageBlocks Held = new(16, Length, symbols: 4, seed: 2);

    private sealed record Outcome(TrainingResult Result, Dictionary<string, float[]> Weights);

    private static Outcome Run(TrainingSettings settings, ITokenBlocks? validation = null, IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default, ITrainingObjective? objective = null)
    {
        using var network = new TransformerNetwork(Config, torch.CPU);
        network.Initialize((ulong)settings.Seed);
        using var loop = new TrainingLoop(network, objective ?? new DiffusionObjective(Config), Train, validation, settings);
        TrainingResult result = loop.Run(progress, cancellationToken);
        return new Outcome(result, Weights(network));
    }

    private static Dictionary<string, float[]> Weights(TransformerNetwork network) =>
        network.Parameters.ToDictionary(p => p.Key, p => TensorMemory.FloatSpan(p.Value).ToArray());

    private static void AssertSame(Outcome a, Outcome b)
    {
        foreach (string name in a.Weights.Keys)
            CollectionAssert.AreEqual(a.Weights[name], b.Weights[name], name);
    }

    [TestMethod]
    public void TheLossFallsToNearTheEntropyOfTheLanguage()
    {
        Outcome outcome = Run(Settings with
        {
            MaxSteps = 300,
            BatchSize = 32,
            MicroBatchSize = 32,
            ProgressInterval = 20,
            ValidationInterval = 100,
            ValidationSamples = 64
        }, Held);
        TrainingResult result = outcome.Result;
        // The bound cannot be below the entropy but for the noise of its estimate. Untrained, a token costs ln 12 = 2.5 nats; the entropy
        // is 0.17.
        Assert.IsGreaterThan(4 * Train.EntropyPerToken, result.LossHistory[0].Loss);
        Limit.Below(1.35 * Train.EntropyPerToken, result.ValidationLoss!.Value);
        Assert.IsGreaterThan(Train.EntropyPerToken - 4 * result.ValidationStandardError!.Value, result.ValidationLoss.Value);
    }

    [TestMethod]
    public void TheSameSeedGivesTheSameWeightsBitForBit()
    {
        Outcome first = Run(Settings, Held), second = Run(Settings, Held);
        AssertSame(first, second);
        CollectionAssert.AreEqual(first.Result.LossHistory.Select(p => p.Loss).ToArray(),
            second.Result.LossHistory.Select(p => p.Loss).ToArray());
        Assert.AreEqual(first.Result.ValidationLoss, second.Result.ValidationLoss);
        Outcome other = Run(Settings with { Seed = 12 });
        CollectionAssert.AreNotEqual(first.Weights["lm_head.weight"], other.Weights["lm_head.weight"]);
    }

    [TestMethod]
    public void LookingAtARunDoesNotChangeIt() =>
        AssertSame(Run(Settings), Run(Settings with { ProgressInterval = 4 }, progress: new Collected<TrainingProgress>()));

    [TestMethod]
    [DataRow(4)]
    [DataRow(2)]
    [DataRow(1)]
    public void MicroBatchesAddUpToTheBatch(int microBatchSize)
    {
        // The schedule of a step depends on the accumulation (as published), so it is made flat.
        TrainingSettings flat = Settings with { WarmupSteps = 0, MinLearningRateRatio = 1 };
        Outcome whole = Run(flat), parts = Run(flat with { MicroBatchSize = microBatchSize });
        double largest = whole.Weights.SelectMany(w => w.Value.Zip(parts.Weights[w.Key], (a, b) => Math.Abs(a - b))).Largest();
        // Sums in another order: float rounding of the gradient, which Adam's division by its own size turns into a share of the step of
        // 3e-3 at worst.
        Limit.Below(1e-4, largest);
        for (int i = 0; i < whole.Result.LossHistory.Count; i++)
            Assert.AreEqual(whole.Result.LossHistory[i].Loss, parts.Result.LossHistory[i].Loss, 1e-4);
    }

    [TestMethod]
    [DataRow(Precision.Float32)]
    [DataRow(Precision.BFloat16Mixed)]
    public void ActivationCheckpointingChangesNoBit(Precision precision)
    {
        TrainingSettings settings = Settings with { Precision = precision, MicroBatchSize = 4, StochasticLengthRatio = 0.5 };
        AssertSame(Run(settings, Held), Run(settings with { ActivationCheckpointing = true }, Held));
    }

    [TestMethod]
    public void MixedPrecisionLearnsAsMuch()
    {
        TrainingSettings settings = Settings with
        {
            MaxSteps = 300,
            BatchSize = 32,
            MicroBatchSize = 32,
            ProgressInterval = 20,
            ValidationInterval = 100,
            ValidationSamples = 64
        };
        TrainingResult exact = Run(settings, Held).Result, mixed = Run(settings with { Precision = Precision.BFloat16Mixed }, Held).Result;
        Assert.AreNotEqual(exact.ValidationLoss, mixed.ValidationLoss);
        // The same draws in both, so that only the rounding tells them apart: less than the loss's own noise.
        Assert.AreEqual(exact.ValidationLoss!.Value, mixed.ValidationLoss!.Value, 2 * exact.ValidationStandardError!.Value);
    }

    [TestMethod]
    public void ANetworkIsItselfAgainAfterATraining()
    {
        using var network = new TransformerNetwork(Config, torch.CPU);
        network.Initialize(1);
        using (var loop = new TrainingLoop(network, new DiffusionObjective(Config), Train, null,
            Settings with { Precision = Precision.BFloat16Mixed, ActivationCheckpointing = true }))
        {
            Assert.AreEqual((Precision.BFloat16Mixed, true), (network.Precision, network.ActivationCheckpointing));
            loop.Run(null, CancellationToken.None);
        }
        Assert.AreEqual((Precision.Float32, false), (network.Precision, network.ActivationCheckpointing));
    }

    [TestMethod]
    public void TheFirstStepOfAWarmupMovesNothing()
    {
        Outcome one = Run(Settings with { MaxSteps = 1, WarmupSteps = 1 });
        using var network = new TransformerNetwork(Config, torch.CPU);
        network.Initialize((ulong)Settings.Seed);
        AssertSame(one, new Outcome(one.Result, Weights(network)));
    }

    [TestMethod]
    public void ReportsSayWhereTheRunIs()
    {
        var progress = new Collected<TrainingProgress>();
        TrainingResult result = Run(Settings, Held, progress).Result;
        TrainingProgress[] steps = [.. progress.Reports.Where(r => r.Phase == TrainingPhase.Training)];
        CollectionAssert.AreEqual(new long[] { 1, 2, 3, 4, 5, 6 }, steps.Select(r => r.Step).ToArray());
        LearningRateSchedule schedule = LearningRateSchedule.FromSteps(3e-3, 0.1, 2, 6, 1);
        for (int i = 0; i < steps.Length; i++)
        {
            Assert.AreEqual(6, steps[i].MaxSteps);
            Assert.AreEqual(schedule.AtStep(i, 1), steps[i].LearningRate);
            Assert.AreEqual((i + 1) * 8 * Length, steps[i].Tokens);
            Assert.AreEqual((i + 1) * 8 / 64.0, steps[i].Epoch);
            Assert.AreEqual(result.LossHistory[i].Loss, steps[i].Loss);
            Assert.IsGreaterThan(0, steps[i].TokensPerSecond);
            Assert.IsGreaterThan(0, steps[i].MatrixPeakShare!.Value);
            Assert.IsNotNull(steps[i].Remaining);
        }
        TrainingProgress[] validations = [.. progress.Reports.Where(r => r.Phase == TrainingPhase.Validating)];
        CollectionAssert.AreEqual(new long[] { 2, 4, 6 }, validations.Select(r => r.Step).ToArray());
        CollectionAssert.AreEqual(result.ValidationHistory.Select(p => (double?)p.Loss).ToArray(),
            validations.Select(r => r.ValidationLoss).ToArray());
        Assert.AreEqual(6 * 8 * Length, result.TokensSeen);
        Assert.AreEqual(TrainingStop.Completed, result.Stop);
    }

    [TestMethod]
    public void TheModelIsTheBestValidatedOne()
    {
        // The rate jumps to a ruinous height after the warm-up: the best weights are early ones.
        TrainingSettings wild = Settings with
        {
            LearningRate = 1,
            WarmupSteps = 0,
            MinLearningRateRatio = 1,
            MaxSteps = 8,
            ValidationInterval = 1
        };
        Outcome outcome = Run(wild, Held);
        ValidationPoint best = outcome.Result.ValidationHistory.MinBy(p => p.Loss)!;
        Assert.AreEqual(best.Step, outcome.Result.BestStep);
        Assert.AreEqual(best.Loss, outcome.Result.ValidationLoss);
        Limit.Below(8, outcome.Result.BestStep);
        AssertSame(outcome, Run(wild with { MaxSteps = best.Step }, Held));
    }

    [TestMethod]
    public void StopsWhenThePatienceIsAtItsEnd()
    {
        TrainingSettings wild = Settings with
        {
            LearningRate = 1,
            WarmupSteps = 0,
            MinLearningRateRatio = 1,
            MaxSteps = 100,
            ValidationInterval = 1,
            EarlyStoppingPatience = 3
        };
        TrainingResult result = Run(wild, Held).Result;
        Assert.AreEqual(TrainingStop.EarlyStopping, result.Stop);
        Assert.AreEqual(result.BestStep + 3, result.Steps);
    }

    [TestMethod]
    public void ValidationUsesTheSameDrawsWhateverTheBatch()
    {
        // A learning rate that moves nothing that could be seen.
        double Loss(int microBatchSize) =>
            Run(Settings with { MaxSteps = 1, LearningRate = 1e-12, MicroBatchSize = microBatchSize }, Held).Result.ValidationLoss!.Value;
        Assert.AreEqual(Loss(8), Loss(2), 1e-5);
    }

    [TestMethod]
    public void StandardErrorsAreTakenBetweenBlocks()
    {
        (double mean, double error) = ValidationPass.MeanAndError([1, 3, 5, 7, 6, 8], [4, 4, 4, 4, 4, 4], samplesPerBlock: 2);
        Assert.AreEqual(5, mean, 1e-12);
        // Block means 2, 6, 7: variance (9 + 1 + 4) / 2 = 7.
        Assert.AreEqual(Math.Sqrt(7 / 3.0), error, 1e-12);
        Assert.AreEqual(Math.Sqrt(2 / 2.0), ValidationPass.MeanAndError([1, 3], [4, 4], samplesPerBlock: 2).StandardError, 1e-12);
        Assert.IsTrue(double.IsNaN(ValidationPass.MeanAndError([1], [4], samplesPerBlock: 1).StandardError));
    }

    [TestMethod]
    public void LongerRowsCountForMoreInAValidation()
    {
        // Two rows of 1 and 3 tokens at 2 and 6 nats a token: 20 nats over 4 tokens.
        (double mean, double error) = ValidationPass.MeanAndError([1, 3, 5, 7], [1, 1, 3, 3], samplesPerBlock: 2);
        Assert.AreEqual(5, mean, 1e-12);
        // Deviations -3 * 1 / 2 and 1 * 3 / 2 of weights with mean 2: variance 4.5, of a mean of two 2.25.
        Assert.AreEqual(1.5, error, 1e-12);
    }

    [TestMethod]
    public void CancelledItThrowsOrReturnsTheModelSoFar()
    {
        using var source = new CancellationTokenSource();
        var progress = new Collected<TrainingProgress>(report => { if (report.Step == 3) source.Cancel(); });
        Assert.ThrowsExactly<OperationCanceledException>(() => Run(Settings, null, progress, source.Token));

        TrainingSettings keep = Settings with { CancelBehavior = CancelBehavior.ReturnBestSoFar };
        using var second = new CancellationTokenSource();
        Outcome outcome = Run(keep, null, new Collected<TrainingProgress>(report => { if (report.Step == 3) second.Cancel(); }),
            second.Token);
        Assert.AreEqual(TrainingStop.Cancelled, outcome.Result.Stop);
        Assert.AreEqual(3, outcome.Result.Steps);
        Assert.AreEqual(3, outcome.Result.BestStep);
    }

    [TestMethod]
    public void CancelledWithValidationsItReturnsTheBestOne()
    {
        using var source = new CancellationTokenSource();
        var progress = new Collected<TrainingProgress>(
            report => { if (report is { Step: 5, Phase: TrainingPhase.Training }) source.Cancel(); });
        Outcome outcome = Run(Settings with { CancelBehavior = CancelBehavior.ReturnBestSoFar }, Held, progress, source.Token);
        Assert.AreEqual(outcome.Result.ValidationHistory.MinBy(p => p.Loss)!.Step, outcome.Result.BestStep);
        Assert.AreEqual(5, outcome.Result.Steps);
    }

    [TestMethod]
    public void CancelledInsideAStepItDropsThatStep()
    {
        using var source = new CancellationTokenSource();
        var objective = new SpyingObjective(new DiffusionObjective(Config), call => { if (call == 5) source.Cancel(); });
        TrainingSettings keep = Settings with { CancelBehavior = CancelBehavior.ReturnBestSoFar, MicroBatchSize = 4 };
        Outcome outcome = Run(keep, null, null, source.Token, objective);
        Assert.AreEqual(2, outcome.Result.Steps);
        Assert.AreEqual(5, objective.Calls);
    }

    [TestMethod]
    public void CancelledBeforeTheFirstStepThereIsNoModel()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.ThrowsExactly<OperationCanceledException>(
            () => Run(Settings with { CancelBehavior = CancelBehavior.ReturnBestSoFar }, null, null, source.Token));
    }

    [TestMethod]
    [DataRow(float.NaN)]
    [DataRow(float.PositiveInfinity)]
    public void ALossThatIsNoNumberNamesItsStep(float factor)
    {
        var objective = new SpyingObjective(new DiffusionObjective(Config)) { Factor = call => call == 4 ? factor : 1 };
        var error = Assert.ThrowsExactly<TrainingDivergedException>(() => Run(Settings, objective: objective));
        Assert.AreEqual(4, error.Step);
        StringAssert.Contains(error.Message, "step 4");
        StringAssert.Contains(error.Message, "LearningRate");

        // Of the two micro batches of the step the first has it, and the loss of the other one is not named in its place.
        var first = new SpyingObjective(new DiffusionObjective(Config)) { Factor = call => call == 7 ? factor : 1 };
        error = Assert.ThrowsExactly<TrainingDivergedException>(() => Run(Settings with { MicroBatchSize = 4 }, objective: first));
        Assert.AreEqual(4, error.Step);
        Assert.IsFalse(double.IsFinite(error.Loss), $"loss {error.Loss}");
    }

    [TestMethod]
    [DoNotParallelize]
    public void TwoHundredStepsLeakNoTensors()
    {
        using var network = new TransformerNetwork(Config, torch.CPU);
        network.Initialize(3);
        // What other tests have left to the garbage collector must not go while this one counts.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = 0, memory = 0;
        var progress = new Collected<TrainingProgress>(report =>
        {
            if (report is { Step: 20, Phase: TrainingPhase.Training })
                (memory, before) = (HeldMemory.Bytes(), torch.Tensor.TotalCount);
            else if (report is { Step: 220, Phase: TrainingPhase.Training })
                Assert.AreEqual(before, torch.Tensor.TotalCount);
        });
        long outside = torch.Tensor.TotalCount;
        using (var loop = new TrainingLoop(network, new DiffusionObjective(Config), Train, Held,
            Settings with { MaxSteps = 220, ProgressInterval = 20, ValidationInterval = 10 }))
            loop.Run(progress, CancellationToken.None);
        Assert.AreEqual(outside, torch.Tensor.TotalCount);
        // The network's tensors take 0.1 MB a step: had a tenth of them been kept, it would show.
        Limit.Below(20e6, HeldMemory.Bytes() - memory);
    }
}
