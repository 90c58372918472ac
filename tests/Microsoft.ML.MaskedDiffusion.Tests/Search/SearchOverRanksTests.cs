using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using static Microsoft.ML.MaskedDiffusion.Tests.TinySearch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Searches over a process group, which end as those of one process.</summary>
[TestClass]
public sealed partial class SearchOverRanksTests
{
    // What a search leaves behind and gives back.
    private sealed record Outcome(string[] Log, string[] Shown, int Best, float[] Weights, bool IsCancelled)
    {
        public static Outcome Of(SearchResult result, string folder) =>
            new(LogOf(folder), TinySearch.Shown(result), result.Best.Number, TinySearch.Weights(result.Transformer.Model),
                result.IsCancelled);
    }

    // One process without a change of options, which several tests compare with.
    private static readonly Lazy<Outcome> Whole = new(() =>
    {
        using var folder = new TemporaryFolder();
        return Search(SingleProcess.Instance, folder.Path, null);
    });

    [GeneratedRegex("\"seconds\":[^,]*,")]
    private static partial Regex Seconds { get; }

    private static string[] LogOf(string folder) =>
        [.. File.ReadAllLines(Path.Combine(folder, "search.jsonl")).Select(line => Seconds.Replace(line, ""))];

    private static string[] FilesOf(string folder, string part) => [.. Directory.EnumerateFileSystemEntries(Path.Combine(folder, part))
        .Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    private static string Ahead(string folder) => Path.Combine(folder, "trials", "ahead.jsonl");

    // Seven trials, of which some climb all rungs.
    private static Outcome Search(IProcessGroup group, string folder, Action<SearchOptions>? change)
    {
        using SearchResult result = Run(Tiny(o =>
        {
            (o.ProcessGroup, o.Folder, o.MaxTrials) = (group, folder, 7);
            change?.Invoke(o);
        }));
        return Outcome.Of(result, folder);
    }

    private static Outcome[] OverRanks(int ranks, string folder, Action<SearchOptions>? change = null) =>
        ThreadGroup.Run(ranks, group => Search(group, folder, change));

    private static void AssertEqual(Outcome expected, Outcome actual, string what)
    {
        CollectionAssert.AreEqual(expected.Log, actual.Log, what);
        CollectionAssert.AreEqual(expected.Shown, actual.Shown, what);
        Assert.AreEqual(expected.Best, actual.Best, what);
        CollectionAssert.AreEqual(expected.Weights, actual.Weights, what);
        Assert.AreEqual(expected.IsCancelled, actual.IsCancelled, what);
    }

    // Compares searches of 1 to 4 ranks with one process; gives its outcome.
    private static Outcome AssertRanksEqualOneProcess(Action<SearchOptions> change, bool isWorkForAll = true)
    {
        using var folder = new TemporaryFolder();
        string own = folder.File("one");
        Outcome expected = Search(SingleProcess.Instance, own, change);
        for (int ranks = 1; ranks <= 4; ranks++)
        {
            string shared = folder.File($"ranks {ranks}");
            var measured = new ConcurrentBag<int>();
            Outcome[] outcomes = ThreadGroup.Run(ranks, group => Search(group, shared, o =>
            {
                change(o);
                SearchMetric metric = o.Metric!;
                o.Metric = SearchMetric.Of(
                    metric.Name,
                    lm =>
                    {
                        measured.Add(group.Rank);
                        return metric.Measure(lm, CancellationToken.None);
                    },
                    metric.LowerIsBetter);
            }));
            foreach (Outcome outcome in outcomes)
                AssertEqual(expected, outcome, $"{ranks} ranks");
            CollectionAssert.AreEqual(FilesOf(own, "best"), FilesOf(shared, "best"), $"{ranks} ranks");
            Assert.IsFalse(File.Exists(Ahead(shared)), $"{ranks} ranks");
            CollectionAssert.AreEqual(FilesOf(own, "trials"), FilesOf(shared, "trials"), $"{ranks} ranks");
            Assert.HasCount(expected.Log.Length - 1, measured, "nothing is measured twice or in vain");
            if (isWorkForAll)
                Assert.HasCount(ranks, measured.Distinct().ToArray(), "every rank has work");
        }
        return expected;
    }

    [TestMethod]
    public void RanksMayHaveDevicesOfTheirOwn()
    {
        using var folder = new TemporaryFolder();
        Outcome[] all = OverRanks(
            2, folder.File("search"), o => o.Trainer.Device = o.ProcessGroup.Rank == 0 ? "cpu" : "auto");
        AssertEqual(all[0], all[1], "both ranks");
    }

    [TestMethod]
    [DataRow(1, 3)]
    [DataRow(2, 2)]
    [DataRow(3, 3)]
    public void AGroupEndsAsOneProcess(int rungs, int reduction)
    {
        Outcome outcome = AssertRanksEqualOneProcess(o => (o.Rungs, o.Reduction) = (rungs, reduction));
        Assert.IsTrue(rungs == 1 ? outcome.Log.Length == 8 : outcome.Log.Length > 9, "trials have gone on");
    }

    [TestMethod]
    [DataRow(1, true, 4.5)]
    [DataRow(3, true, 1.4)]
    [DataRow(3, false, 1.7)]
    public void ABudgetOfFlopsEndsAGroupWhereOneProcessEnds(int rungs, bool equalFlops, double trials)
    {
        double trial = 6.0 * Network(16).NonEmbeddingParameterCount * 18 * 2 * 16;
        using var folder = new TemporaryFolder();
        int whole = Search(SingleProcess.Instance, folder.File("whole"), o => (o.Rungs, o.EqualFlops) = (rungs, equalFlops)).Log.Length;
        // Not all ranks have work where a trial that is trained to its end leaves nothing for others.
        Outcome outcome = AssertRanksEqualOneProcess(
            o => (o.Rungs, o.EqualFlops, o.MaxFlops) = (rungs, equalFlops, trials * trial), isWorkForAll: false);
        Assert.IsTrue(outcome.Log.Length > 2 && outcome.Log.Length < whole, $"{outcome.Log.Length} of {whole} lines");
    }

    [TestMethod]
    public void ABudgetOfSecondsLeavesOutWhatWasMeasuredAheadUntilTheSearchGoesOn()
    {
        using var folder = new TemporaryFolder();
        Outcome whole = Whole.Value;
        string shared = folder.File("shared");
        Outcome[] begun = OverRanks(3, shared, o => o.MaxSeconds = 1e-9);
        foreach (Outcome outcome in begun)
            CollectionAssert.AreEqual(whole.Log[..2], outcome.Log);
        Assert.HasCount(2, File.ReadAllLines(Ahead(shared)));
        int count = 0;
        Outcome[] ended = OverRanks(2, shared, o => (o.Resume, o.Metric) = (true, Loss(() => Interlocked.Increment(ref count))));
        foreach (Outcome outcome in ended)
            AssertEqual(whole, outcome, "resumed");
        Assert.AreEqual(whole.Log.Length - 1 - 3, count, "what was measured ahead is not measured again");
        Assert.IsFalse(File.Exists(Ahead(shared)));
    }

    [TestMethod]
    public void TrialsThatDivergeAreMeasurementsOnAnyRank()
    {
        using SearchResult all = Run(Tiny(o => (o.MaxTrials, o.Rungs) = (7, 1)));
        double middle = all.Trials.Select(trial => trial.Last.Metric).Order().ElementAt(2);
        Outcome outcome = AssertRanksEqualOneProcess(o => o.Metric = SearchMetric.Of("loss", lm =>
        {
            double loss = lm.TrainingResult!.FinalLoss;
            bool isWorse = loss > middle && lm.TrainingResult.Steps > 2;
            return isWorse ? throw new TrainingDivergedException(lm.TrainingResult.Steps, loss, 1, 1) : loss;
        }));
        Assert.IsTrue(outcome.Log.Skip(1).Any(line => !line.Contains("\"error\":null", StringComparison.Ordinal)), "some have diverged");
    }

    [TestMethod]
    public void WhereHigherRungsHaveNoMetricTheBestOfTheFirstRungIsKept()
    {
        // Models that were measured ahead on the first rung may be the best until a higher one has a number.
        Outcome outcome = AssertRanksEqualOneProcess(o => o.Metric = SearchMetric.Of(
            "first rung", lm => lm.TrainingResult!.Steps > 2 ? double.NaN : lm.TrainingResult.FinalLoss));
        Assert.IsTrue(outcome.Log.Length > 9);
    }

    [TestMethod]
    public void EachRankReportsItsTrainingsAndEveryMeasurement()
    {
        using var folder = new TemporaryFolder();
        var reports = new Collected<SearchProgress>[3];
        var trained = new HashSet<(int, int)>[3];
        Outcome outcome = ThreadGroup.Run(3, group =>
        {
            reports[group.Rank] = new Collected<SearchProgress>();
            return Search(group, folder.File("shared"), o => o.Progress = reports[group.Rank]);
        })[0];
        for (int rank = 0; rank < 3; rank++)
        {
            SearchProgress[] measured = [.. reports[rank].Reports.Where(report => report.Metric is not null)];
            Assert.HasCount(outcome.Log.Length - 1, measured);
            for (int i = 0; i < measured.Length; i++)
                StringAssert.StartsWith(outcome.Log[i + 1], $"{{\"trial\":{measured[i].Trial},");
            SearchProgress[] trainings = [.. reports[rank].Reports.Where(report => report.Training is not null)];
            trained[rank] = [.. trainings.Select(report => (report.Trial, report.Rung))];
        }
        Assert.AreEqual(outcome.Log.Length - 1, trained.Sum(items => items.Count), "each is trained on one rank");
        Assert.HasCount(outcome.Log.Length - 1, trained.SelectMany(items => items).Distinct().ToArray());
    }

    [TestMethod]
    public void ARankWithOtherOptionsIsNamedBeforeAnythingIsTrained()
    {
        using var folder = new TemporaryFolder();
        string shared = folder.File("shared");
        foreach ((string part, Action<SearchOptions> change) in new (string, Action<SearchOptions>)[]
        {
            ("rank 2: Seed is 8, and on rank 0 7\n  rank 2: Trainer.Seed is 8, and on rank 0 7\nGive all ranks the same", o => o.Seed = 8),
            ("rank 2: MaxFlops is 10, and on rank 0 ", o => o.MaxFlops = 10),
            ("rank 2: MaxTrials is 6, and on rank 0 7", o => o.MaxTrials = 6),
            ("rank 2: Space is LearningRate", o => o.Space.Without("BatchSize")),
        })
        {
            (_, Exception?[] errors) = ThreadGroup.Try(3, group => Search(group, shared, o =>
            {
                if (group.Rank == 2)
                    change(o);
            }));
            foreach (Exception? error in errors)
            {
                Assert.IsInstanceOfType<InvalidOperationException>(error);
                StringAssert.Contains(error.Message, part);
            }
        }
        Assert.IsFalse(Directory.Exists(shared));
    }

    [TestMethod]
    public void OptionsThatOneRankRefusesEndAll()
    {
        using var folder = new TemporaryFolder();
        (_, Exception?[] errors) = ThreadGroup.Try(2, group => Search(group, folder.File("shared"), o =>
        {
            if (group.Rank == 1)
                o.Rungs = 0;
        }));
        Assert.IsInstanceOfType<ArgumentOutOfRangeException>(errors[1]);
        Assert.AreEqual(1, Assert.IsInstanceOfType<RankFailedException>(errors[0]).Rank);
        (_, errors) = ThreadGroup.Try(2, group =>
        {
            Run(Tiny(o => o.ProcessGroup = group)).Dispose();
            return true;
        });
        foreach (Exception? error in errors)
            StringAssert.Contains(error!.Message, "Folder is null; it must be a folder that the 2 processes of ProcessGroup share");
    }

    [TestMethod]
    public void AFolderThatRanksDoNotShareIsRefused()
    {
        using var folder = new TemporaryFolder();
        (_, Exception?[] errors) = ThreadGroup.Try(2, group => Search(group, folder.File($"own {group.Rank}"), null));
        StringAssert.Contains(
            errors[1]!.Message, "of rank 1 is another one than that of rank 0. Set Folder to a folder on a drive that all ranks share.");
        Assert.AreEqual(1, Assert.IsInstanceOfType<RankFailedException>(errors[0]).Rank);
    }

    [TestMethod]
    [DataRow("\"rung\":0", "\"rung\":9")]
    [DataRow("\"trial\":1", "\"trial\":99")]
    [DataRow("{", "[")]
    public void ALineAheadOfTheLogThatCannotBeIsNamed(string there, string other)
    {
        using var folder = new TemporaryFolder();
        string shared = folder.File("shared");
        OverRanks(3, shared, o => o.MaxSeconds = 1e-9);
        string[] lines = File.ReadAllLines(Ahead(shared));
        StringAssert.Contains(lines[0], there);
        lines[0] = lines[0].Replace(there, other, StringComparison.Ordinal);
        File.WriteAllLines(Ahead(shared), lines);
        InvalidDataException error =
            Assert.ThrowsExactly<InvalidDataException>(() => Search(SingleProcess.Instance, shared, o => o.Resume = true));
        StringAssert.Contains(error.Message, $"{Ahead(shared)}, line 1: ");
        // The remedy.
        Directory.Delete(Path.Combine(shared, "trials"), recursive: true);
        Outcome whole = Whole.Value;
        AssertEqual(whole, Search(SingleProcess.Instance, shared, o => o.Resume = true), "trained anew");
    }
}
