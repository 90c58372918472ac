using static Microsoft.ML.MaskedDiffusion.Tests.TinySearch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <content>Searches that were cancelled, killed or failed, and what goes on from them.</content>
public sealed partial class SearchOverRanksTests
{
    [TestMethod]
    [DataRow(1, 3, 1)]
    [DataRow(2, 1, 3)]
    [DataRow(4, 4, 2)]
    [DataRow(7, 2, 4)]
    [DataRow(8, 3, 3)]
    public void AnErrorOfOneRankEndsAllAndTheSearchGoesOnWithAnyNumberOfRanks(int measurements, int before, int after)
    {
        using var folder = new TemporaryFolder();
        Outcome whole = Whole.Value;
        string shared = folder.File("shared");
        int count = 0;
        (_, Exception?[] errors) = ThreadGroup.Try(before, group => Search(group, shared, o => o.Metric = Loss(() =>
        {
            // As at a kill, the others' measurements of the round are lost too.
            if (Interlocked.Increment(ref count) == measurements + 1)
                throw new NotSupportedException($"rank {group.Rank}");
        })));
        Exception own = errors.Single(error => error is NotSupportedException)!;
        foreach (Exception? other in errors.Where(error => error != own))
        {
            Assert.IsInstanceOfType<RankFailedException>(other);
            Assert.AreEqual(own.Message, $"rank {((RankFailedException)other).Rank}");
        }
        string[] log = LogOf(shared);
        CollectionAssert.AreEqual(whole.Log[..log.Length], log, "the log is a beginning of that of one process");
        Limit.Below(whole.Log.Length, log.Length);
        foreach (Outcome outcome in OverRanks(after, shared, o => o.Resume = true))
            AssertEqual(whole, outcome, $"{before} ranks, then {after}");
    }

    [TestMethod]
    public void ASearchThatIsKilledOverAndOverEndsAsOneProcess()
    {
        using var folder = new TemporaryFolder();
        Outcome whole = Whole.Value;
        string shared = folder.File("shared");
        Outcome[]? outcomes = null;
        int tries = 0;
        for (; outcomes is null; tries++)
        {
            // In each try the third measurement fails, whoever makes it.
            int count = 0;
            (Outcome?[] results, Exception?[] errors) = ThreadGroup.Try(1 + tries % 4, group => Search(group, shared, o =>
            {
                (o.Resume, o.Metric) = (true, Loss(() =>
                {
                    if (Interlocked.Increment(ref count) == 3)
                        throw new NotSupportedException();
                }));
                if (group.Size > 3)
                    o.Metric = Loss();
            }));
            outcomes = errors.Any(error => error is not null) ? null : [.. results.Select(result => result!)];
            Limit.Below(10, tries, "each try gets on");
        }
        Assert.IsGreaterThan(1, tries);
        foreach (Outcome outcome in outcomes)
            AssertEqual(whole, outcome, $"{tries} tries");
    }

    [TestMethod]
    public void ATrialThatHasClimbedBeforeItsTurnKeepsItsFirstMeasurement()
    {
        static void Halving(SearchOptions o) => o.Reduction = 2;
        using var folder = new TemporaryFolder();
        Outcome whole = Search(SingleProcess.Instance, folder.File("one"), Halving);
        string shared = folder.File("shared");
        // The first six trials and the three best of them are measured before the last rung, where the search fails.
        (_, Exception?[] errors) = ThreadGroup.Try(6, group => Search(group, shared, o =>
        {
            Halving(o);
            o.Metric = SearchMetric.Of("training loss", lm =>
                lm.TrainingResult!.Steps < 18 ? lm.TrainingResult.FinalLoss : throw new NotSupportedException());
        }));
        Assert.IsTrue(errors.Any(error => error is NotSupportedException));
        // A checkpoint of the second rung, for a trial that the log does not know: its measurement on the first rung is not made again.
        string second = File.ReadAllLines(Ahead(shared)).Single(line => line.Contains("\"rung\":1", StringComparison.Ordinal));
        string trial = second[..second.IndexOf(',', StringComparison.Ordinal)];
        Assert.IsFalse(LogOf(shared).Any(line => line.StartsWith(trial, StringComparison.Ordinal)), trial);
        Outcome resumed = Search(SingleProcess.Instance, shared, o =>
        {
            Halving(o);
            o.Resume = true;
        });
        AssertEqual(whole, resumed, "resumed");
    }

    [TestMethod]
    public void WhatIsAheadOfTheLogNoLongerIsSkipped()
    {
        using var folder = new TemporaryFolder();
        Outcome whole = Whole.Value;
        string shared = folder.File("shared");
        OverRanks(3, shared, o => o.MaxSeconds = 1e-9);
        string[] ahead = File.ReadAllLines(Ahead(shared));
        int count = 0;
        SearchMetric failing = Loss(() =>
        {
            if (++count == 3)
                throw new NotSupportedException();
        });
        Assert.ThrowsExactly<NotSupportedException>(
            () => Search(SingleProcess.Instance, shared, o => (o.Resume, o.Metric) = (true, failing)));
        // As at a kill between the lines of the log and the file of what waits for its turn.
        Assert.IsFalse(File.Exists(Ahead(shared)));
        Assert.IsGreaterThan(3, LogOf(shared).Length - 1);
        File.WriteAllLines(Ahead(shared), ahead);
        foreach (Outcome outcome in OverRanks(2, shared, o => o.Resume = true))
            AssertEqual(whole, outcome, "resumed");
        Assert.IsFalse(File.Exists(Ahead(shared)));
    }

    [TestMethod]
    [DataRow(2, 1)]
    [DataRow(3, 2)]
    public void CancellingOneRankEndsAllWithTheBestSoFar(int before, int after)
    {
        using var folder = new TemporaryFolder();
        Outcome whole = Whole.Value;
        string shared = folder.File("shared");
        Outcome[] cancelled = ThreadGroup.Run(before, group =>
        {
            using var source = new CancellationTokenSource();
            bool isMeasured = false;
            return Search(group, shared, o =>
            {
                if (group.Rank != 1)
                    return;
                o.CancellationToken = source.Token;
                o.Progress = new Collected<SearchProgress>(report =>
                {
                    isMeasured |= report.Metric is not null;
                    if (isMeasured && report.Training is { Phase: TrainingPhase.Training })
                        source.Cancel();
                });
            });
        });
        foreach (Outcome outcome in cancelled)
        {
            AssertEqual(cancelled[0], outcome, "all ranks give the same");
            Assert.IsTrue(outcome.IsCancelled);
            Assert.IsTrue(outcome.Log.Length > 2 && outcome.Log.Length < whole.Log.Length, $"{outcome.Log.Length} lines");
            CollectionAssert.AreEqual(whole.Log[..outcome.Log.Length], outcome.Log);
        }
        foreach (Outcome outcome in OverRanks(after, shared, o => o.Resume = true))
            AssertEqual(whole, outcome, $"{before} ranks, then {after}");
    }

    [TestMethod]
    public void CancelledBeforeAModelIsMeasuredAllRanksThrow()
    {
        using var folder = new TemporaryFolder();
        using var source = new CancellationTokenSource();
        // Rank 0 is cancelled in its first training, which is that of the first line; what rank 1 has measured comes after it.
        (_, Exception?[] errors) = ThreadGroup.Try(2, group => Search(group, folder.File("shared"), o =>
        {
            if (group.Rank == 0)
                (o.CancellationToken, o.Progress) = (source.Token, new Collected<SearchProgress>(_ => source.Cancel()));
        }));
        foreach (Exception? error in errors)
            Assert.IsInstanceOfType<OperationCanceledException>(error);
        StringAssert.Contains(errors[1]!.Message, "cancelled on another rank");
        Assert.HasCount(1, LogOf(folder.File("shared")));
    }
}
