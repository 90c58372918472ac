using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Checkpoints;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using static Microsoft.ML.MaskedDiffusion.Tests.TinyTraining;
using static Microsoft.ML.MaskedDiffusion.Tests.TrainingOutcome;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Training on several ranks, which are threads here, held against training in one process.</summary>
[TestClass]
public sealed class GroupTrainingTests
{
    private static readonly TrainingSettings Settings = new()
    {
        MaxSteps = 9,
        BatchSize = 16,
        MicroBatchSize = 2,
        LearningRate = 0.03,
        WarmupSteps = 2,
        ProgressInterval = 2,
        ValidationInterval = 3,
        ValidationSamples = 3,
        Seed = 11,
    };

    private static readonly LanguageBlocks Train = new(40, Length, symbols: 4, seed: 1);

    // Mostly symbols that training never shows, so that the best weights are early ones.
    private static readonly LanguageBlocks Held = new(7, Length, symbols: 12, seed: 2);

    private static TrainingOutcome Run(TrainingSettings settings, ITrainingObjective? objective = null, ITokenBlocks? train = null,
        TransformerConfig? config = null, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default) =>
        TrainingOutcome.Of(config ?? Config, train ?? Train, Held, settings, objective, progress, cancellationToken);

    private static TrainingOutcome[] RunOn(int ranks, TrainingSettings settings, Func<ITrainingObjective>? objective = null,
        TransformerConfig? config = null) => ThreadGroup.Run(
            ranks, group => Run(settings with { Group = group }, objective?.Invoke(), config: config));

    private static double Distance(TrainingOutcome a, TrainingOutcome b) =>
        a.Weights.SelectMany(w => w.Value.Zip(b.Weights[w.Key], (x, y) => Math.Abs((double)x - y))).Largest();

    private static TrainingSettings In(TemporaryFolder folder, TrainingSettings settings, List<string>? log = null, long interval = 2) =>
        settings with
        {
            Checkpoints = new CheckpointSettings
            { Folder = folder.File("run"), Interval = interval, Resume = true, AdoptSplit = true, Log = log is null ? null : log.Add },
        };

    [TestMethod]
    [DataRow(1, 4)]
    [DataRow(2, 4)]
    [DataRow(4, 4)]
    [DataRow(2, 8)]
    [DataRow(8, 8)]
    [DataRow(2, 2)]
    public void RanksGiveTheBitsOfOneProcessThatStandsForAsMany(int ranks, int virtualRanks)
    {
        TrainingSettings settings = Settings with { VirtualRanks = virtualRanks };
        TrainingOutcome alone = Run(settings);
        foreach (TrainingOutcome rank in RunOn(ranks, settings))
            AssertSame(alone, rank);
    }

    [TestMethod]
    public void ThreeRanksDoToo()
    {
        TrainingSettings settings = Settings with { BatchSize = 12, VirtualRanks = 6 };
        TrainingOutcome three = RunOn(3, settings)[2];
        AssertSame(RunOn(6, settings)[0], three);
    }

    [TestMethod]
    public void AveragesStratifiedLevelsAndAnAutoregressiveModelDoToo()
    {
        TrainingSettings settings = Settings with { VirtualRanks = 4, EmaDecay = 0.8 };
        DiffusionObjective Stratified() => new(Config, NoiseLevels.Stratified, LossWeighting.Uniform);
        AssertSame(Run(settings, Stratified()), RunOn(2, settings, Stratified)[1]);
        TransformerConfig causal = Config with { Autoregressive = true };
        AssertSame(Run(settings, new AutoregressiveObjective(), config: causal),
            RunOn(4, settings, () => new AutoregressiveObjective(), causal)[3]);
    }

    [TestMethod]
    public void OtherNumbersOfVirtualRanksDifferByRounding()
    {
        // The schedule of a step depends on the accumulation (as published), so it is made flat.
        TrainingSettings settings = Settings with { WarmupSteps = 0, MinLearningRateRatio = 1 };
        TrainingOutcome plain = Run(settings), two = RunOn(2, settings with { VirtualRanks = 2 })[0];
        double distance = Distance(plain, two);
        Assert.IsGreaterThan(0, distance, "the additions have another order");
        // Rounding of the gradient's sum, which Adam's division by its own size makes a share of the step of 0.03.
        Limit.Below(1e-3, distance);
    }

    [TestMethod]
    [DataRow(1, 2)]
    [DataRow(2, 4)]
    [DataRow(4, 1)]
    [DataRow(4, 2)]
    public void ARunStoppedOnSomeRanksGoesOnOnOthersToTheSameBits(int before, int after)
    {
        using var folder = new TemporaryFolder();
        TrainingSettings settings = Settings with { VirtualRanks = 4 };
        TrainingOutcome whole = Run(settings);
        (_, Exception?[] errors) = ThreadGroup.Try(before, group =>
        {
            // The last rank is stopped in its part of the sixth step.
            ITokenBlocks blocks = group.Rank < group.Size - 1 ? Train : new FailingBlocks(5 * 16 / group.Size + 3);
            return Run(In(folder, settings) with { Group = group }, train: blocks);
        });
        Assert.IsInstanceOfType<KilledException>(errors[^1]);
        foreach (Exception? error in errors.SkipLast(1))
            Assert.AreEqual(before - 1, Assert.IsInstanceOfType<RankFailedException>(error).Rank);
        var log = new List<string>();
        // Its own numbers are others: it takes the checkpoint's.
        TrainingSettings own = settings with { VirtualRanks = after, MicroBatchSize = 1 };
        TrainingOutcome[] resumed =
            ThreadGroup.Run(after, group => Run(In(folder, own, group.Rank == 0 ? log : null) with { Group = group }));
        foreach (TrainingOutcome rank in resumed)
            AssertSame(whole, rank);
        StringAssert.StartsWith(log.Single(), "Resumed at step 4 from ");
    }

    [TestMethod]
    public void WhereTheSplitCannotBeFollowedTheRunGoesOnWithItsOwnAndSaysSo()
    {
        using var folder = new TemporaryFolder();
        TrainingOutcome whole = Run(Settings);
        using var source = new CancellationTokenSource();
        Assert.ThrowsExactly<OperationCanceledException>(() => Run(In(folder, Settings), progress: StopAt(4, source),
            cancellationToken: source.Token));
        var log = new List<string>();
        TrainingSettings two = Settings with { VirtualRanks = 2 };
        TrainingOutcome[] ranks =
            ThreadGroup.Run(2, group => Run(In(folder, two, group.Rank == 0 ? log : null) with { Group = group }));
        AssertSame(ranks[0], ranks[1]);
        Assert.AreEqual(whole.Result.Steps, ranks[0].Result.Steps);
        Limit.Below(1e-2, Distance(whole, ranks[0]));
        StringAssert.Contains(string.Join('\n', log),
            "had 1 virtual ranks and micro batches of 2; this one goes on with 2 and 2, so that its weights differ by rounding");
        // What was chosen by the user has to be as it was.
        var refused = Assert.ThrowsExactly<InvalidOperationException>(() => ThreadGroup.Run(4, group =>
        {
            TrainingSettings four = In(folder, Settings with { VirtualRanks = 4, Group = group });
            return Run(four with { Checkpoints = four.Checkpoints! with { AdoptSplit = false } });
        }));
        StringAssert.Contains(refused.Message, "VirtualRanks: 2 in the checkpoint, 4 now");
    }

    [TestMethod]
    public void OneCancelledRankStopsAllAfterTheSameStep()
    {
        using var folder = new TemporaryFolder();
        TrainingSettings settings = Settings with { VirtualRanks = 4, CancelBehavior = CancelBehavior.ReturnBestSoFar };
        TrainingOutcome whole = Run(settings);
        TrainingOutcome[] ranks = ThreadGroup.Run(2, group =>
        {
            using var source = new CancellationTokenSource();
            return Run(In(folder, settings, interval: 100) with { Group = group }, progress: group.Rank == 1 ? StopAt(4, source) : null,
                cancellationToken: source.Token);
        });
        AssertSame(ranks[0], ranks[1]);
        Assert.AreEqual(TrainingStop.Cancelled, ranks[0].Result.Stop);
        Assert.AreEqual(4, ranks[0].Result.Steps);
        AssertSame(whole, Run(In(folder, settings)));
    }

    [TestMethod]
    public void ARankThatDoesSomethingElseIsNamed()
    {
        InvalidOperationException Refused(Func<IProcessGroup, TrainingOutcome> run)
        {
            (_, Exception?[] errors) = ThreadGroup.Try(4, run);
            string[] messages = [.. errors.Select(error => Assert.IsExactInstanceOfType<InvalidOperationException>(error).Message)];
            foreach (string message in messages)
                Assert.AreEqual(messages[0], message);
            return (InvalidOperationException)errors[0]!;
        }
        TrainingSettings settings = Settings with { VirtualRanks = 4 };
        InvalidOperationException other = Refused(group => Run(settings with
        { Group = group, LearningRate = group.Rank == 2 ? 0.02 : settings.LearningRate }));
        StringAssert.Contains(other.Message, "rank 2: LearningRate is 0.02, and on rank 0 0.03");
        Assert.AreEqual(1, other.Message.Split("rank 2:").Length - 1);
        InvalidOperationException data = Refused(group => Run(settings with { Group = group },
            train: group.Rank == 3 ? new LanguageBlocks(40, Length, symbols: 4, seed: 9) : Train));
        StringAssert.Contains(data.Message, "rank 3: Training data is 40 blocks of 8 tokens, SHA-256 ");
    }

    [TestMethod]
    public void RanksWithoutACommonSeedTakeTheFirstOnes()
    {
        TrainingSettings settings = Settings with { VirtualRanks = 2 };
        TrainingOutcome[] ranks = ThreadGroup.Run(2, group => Run(settings with { Group = group, Seed = 11 + group.Rank }));
        AssertSame(Run(settings), ranks[1]);
    }

    [TestMethod]
    public void TheFirstRanksClockEndsTheRunOfAll()
    {
        // Each look at the first rank's clock is a second; the other's stands still, and would never end.
        TrainingSettings settings = Settings with { VirtualRanks = 2, MaxSteps = 1000, MaxSeconds = 30 };
        TrainingOutcome[] ranks = ThreadGroup.Run(
            2, group => Run(settings with { Group = group, Clock = new FakeClock(group.Rank == 0 ? 1 : 0) }));
        AssertSame(ranks[0], ranks[1]);
        Assert.IsTrue(ranks[0].Result.Steps is > 3 and < 30, $"{ranks[0].Result.Steps} steps");
        Assert.AreEqual(ranks[0].Result.Seconds, ranks[1].Result.Seconds);
    }

    [TestMethod]
    public void AnErrorOfAHandlerOnOneRankStopsAll()
    {
        TrainingSettings settings = Settings with { VirtualRanks = 2 };
        foreach (long step in new[] { 4L, Settings.MaxSteps!.Value })
        {
            (_, Exception?[] errors) = ThreadGroup.Try(2, group => Run(settings with { Group = group }, progress: group.Rank == 0 ? null
                : new Collected<TrainingProgress>(report =>
                {
                    if (report.Step == step)
                        throw new KilledException();
                })));
            Assert.IsInstanceOfType<KilledException>(errors[1]);
            Assert.AreEqual(1, Assert.IsInstanceOfType<RankFailedException>(errors[0]).Rank);
        }
    }

    [TestMethod]
    public void DivergenceIsTheSameOnAllRanks()
    {
        TrainingSettings settings = Settings with { VirtualRanks = 2, LearningRate = 1e30, GradientClipNorm = double.PositiveInfinity };
        (_, Exception?[] errors) = ThreadGroup.Try(2, group => Run(settings with { Group = group }));
        var first = Assert.IsInstanceOfType<TrainingDivergedException>(errors[0]);
        Assert.AreEqual(first.Message, Assert.IsInstanceOfType<TrainingDivergedException>(errors[1]).Message);
    }

    private static Collected<TrainingProgress> StopAt(long step, CancellationTokenSource source) => new(report =>
    {
        if (report.Step == step && report.Phase == TrainingPhase.Training)
            source.Cancel();
    });

    private sealed class KilledException : Exception;

    /// <summary>The training data, of which a row cannot be read, after all were read once for their hash.</summary>
    private sealed class FailingBlocks(int row) : ITokenBlocks
    {
        private int _reads;

        public int Count => Train.Count;

        public int Length => Train.Length;

        public long TokenCount => Train.TokenCount;

        public void Read(int index, Span<long> destination)
        {
            if (++_reads == Count + row)
                throw new KilledException();
            Train.Read(index, destination);
        }
    }
}
