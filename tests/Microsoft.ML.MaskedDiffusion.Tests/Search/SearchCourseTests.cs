using Microsoft.ML.MaskedDiffusion.Search;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Whole searches whose measurements are drawn in place of being trained.</summary>
[TestClass]
public sealed class SearchCourseTests
{
    private static readonly int[] Groups = [1, 2, 3, 4, 7];

    private static SearchOptions Options(int trials, int rungs, int reduction) => new()
    {
        Metric = SearchMetric.Of("drawn", _ => 0), MaxTrials = trials, Rungs = rungs, Reduction = reduction,
        Trainer = new TrainerOptions { MaxSteps = 1000 }, Space = new SearchSpace().Range("LearningRate", 1e-4, 1e-2),
    };

    [TestMethod]
    [DataRow(1, 1, 3)]
    [DataRow(9, 1, 2)]
    [DataRow(9, 3, 3)]
    [DataRow(16, 3, 3)]
    [DataRow(27, 4, 2)]
    [DataRow(50, 3, 2)]
    public void AGroupMeasuresWhatOneProcessDoesInItsOrderAndNothingElse(int trials, int rungs, int reduction)
    {
        for (int seed = 0; seed < 8; seed++)
        {
            foreach (double? share in new double?[] { null, 0.1, 0.35, 0.8 })
            {
                SearchOptions options = Options(trials, rungs, reduction);
                double whole = new TrialLengths(options, new TrialValues(options)).Flops * trials;
                options.MaxFlops = whole * share;
                var drawn = new Drawn(options, seed);
                (List<(int, int)> expected, _, _) = drawn.Search(1);
                Assert.IsTrue(expected.Count >= trials || share is not null);
                foreach (int ranks in Groups)
                {
                    (List<(int, int)> taken, int wasted, _) = drawn.Search(ranks);
                    CollectionAssert.AreEqual(expected, taken, $"{ranks} ranks, seed {seed}, {share} of the FLOPs");
                    Assert.AreEqual(0, wasted, $"{ranks} ranks, seed {seed}, {share} of the FLOPs");
                }
            }
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    public void NoTrainingIsBegunThatWouldExceedTheFlops(int rungs)
    {
        for (int seed = 0; seed < 8; seed++)
        {
            foreach (double trials in new[] { 0.4, 1.5, 4, 9 })
            {
                SearchOptions options = Options(20, rungs, 3);
                // Of equal steps, so that trials cost from a quarter of the trainer's own batch of 16 to four times as much.
                (options.EqualFlops, options.Seed) = (false, seed);
                options.Space = new SearchSpace().Range("BatchSize", 4, 64, logarithmic: true);
                var lengths = new TrialLengths(options, new TrialValues(options));
                options.MaxFlops = trials * lengths.Flops;
                var drawn = new Drawn(options, seed);
                (List<(int Trial, int Rung)> taken, _, _) = drawn.Search(1);
                string what = $"{trials} trials, seed {seed}";
                var course = new SearchCourse(options, lengths);
                double spent = taken.GroupBy(item => item.Trial)
                    .Sum(items => lengths.FlopsOf(items.Key) * course.ShareOf(items.Max(item => item.Rung)));
                Assert.IsTrue(taken.Count == 1 || spent <= options.MaxFlops, $"{what}: {spent / lengths.Flops}");
                foreach (int ranks in Groups)
                    CollectionAssert.AreEqual(taken, drawn.Search(ranks).Taken, $"{what}, {ranks} ranks");
            }
        }
    }

    [TestMethod]
    public void ALimitOfSecondsEndsAGroupWhereOneProcessEnds()
    {
        SearchOptions options = Options(20, 3, 3);
        options.MaxSeconds = 3;
        var drawn = new Drawn(options, 5);
        (List<(int, int)> expected, _, _) = drawn.Search(1);
        Assert.IsTrue(expected.Count is > 5 and < 25, $"{expected.Count} measurements");
        foreach (int ranks in Groups)
            CollectionAssert.AreEqual(expected, drawn.Search(ranks).Taken, $"{ranks} ranks");
    }

    [TestMethod]
    [DataRow(100, 4, 3.0)]
    [DataRow(100, 8, 5.0)]
    [DataRow(27, 3, 2.0)]
    public void RanksShortenASearch(int trials, int ranks, double times)
    {
        var drawn = new Drawn(Options(trials, 3, 3), 1);
        double alone = drawn.Search(1).Length, together = drawn.Search(ranks).Length;
        Assert.IsGreaterThan(times, alone / together);
    }

    [TestMethod]
    public void FirstComesWhatIsNextAndThenWhatIsWantedWhateverIsMeasured()
    {
        SearchOptions options = Options(9, 3, 3);
        var course = new SearchCourse(options, new TrialLengths(options, new TrialValues(options)));
        var ahead = new Dictionary<(int Trial, int Rung), SearchMeasurement>();
        void Measure(int trial, int rung, double metric) =>
            ahead.Add((trial, rung), new SearchMeasurement(rung, course.ShareOf(rung), 1, 1, 1, metric, null, []));
        string Certain() => string.Join(' ', course.Certain(ahead).Select(item => $"{item.Trial}:{item.Rung}"));
        Assert.AreEqual("0:0 1:0 2:0 3:0 4:0 5:0 6:0 7:0 8:0", Certain());
        foreach (int trial in new[] { 0, 1, 2 })
            Measure(trial, 0, trial);
        // The best of three goes on, whatever the rest is.
        Assert.AreEqual("0:1 3:0 4:0 5:0 6:0 7:0 8:0", Certain());
        foreach (int trial in new[] { 3, 5, 6 })
            Measure(trial, 0, trial);
        // Which is the second of six depends on trial 4.
        Assert.AreEqual("0:1 4:0 7:0 8:0", Certain());
        Measure(4, 0, double.NaN);
        Assert.AreEqual("0:1 1:1 7:0 8:0", Certain());
        Measure(7, 0, 0.5);
        Measure(8, 0, 0.6);
        Assert.AreEqual("0:1 1:1 7:1 8:1", Certain());
        // Trials on rung 1 are measured in any order and leave it in that of one process.
        Measure(7, 1, 1);
        Measure(8, 1, 2);
        Assert.AreEqual("0:1 1:1", Certain());
        Measure(1, 1, 3);
        Measure(0, 1, 4);
        Assert.AreEqual("7:2", Certain());
        Measure(7, 2, 1);
        Assert.AreEqual("", Certain());
    }

    private sealed class Drawn
    {
        private readonly SearchOptions _options;
        private readonly TrialLengths _lengths;
        private readonly int _seed;

        public Drawn(SearchOptions options, int seed) =>
            (_options, _lengths, _seed) = (options, new TrialLengths(options, new TrialValues(options)), seed);

        // What is taken in which order, how much is measured and never taken, and how long it takes.
        public (List<(int, int)> Taken, int Wasted, double Length) Search(int ranks)
        {
            var course = new SearchCourse(_options, _lengths);
            var ahead = new Dictionary<(int Trial, int Rung), SearchMeasurement>();
            List<(int, int)> taken = [];
            double length = 0;
            double CostOf((int Trial, int Rung) item) =>
                course.ShareOf(item.Rung) - (item.Rung == 0 ? 0 : course.ShareOf(item.Rung - 1));
            while (course.Next() is { } due)
            {
                IReadOnlyList<(int Trial, int Rung)>[] plan = RoundPlan.Of(course.Certain(ahead), CostOf, ranks);
                Assert.AreEqual(due, plan[0][0], "what is next is always measured");
                length += plan.Max(items => items.Sum(CostOf));
                foreach ((int Trial, int Rung) item in plan.SelectMany(items => items))
                {
                    bool isReached = course.RungsOf(item.Trial) == item.Rung || ahead.ContainsKey((item.Trial, item.Rung - 1));
                    Assert.IsTrue(isReached, "a trial climbs rung by rung");
                    ahead.Add(item, Measure(item.Trial, item.Rung, course.ShareOf(item.Rung)));
                }
                while (course.Next() is { } next && ahead.Remove(next, out SearchMeasurement? measured))
                {
                    course.Take(next.Trial, measured);
                    taken.Add(next);
                }
            }
            return (taken, ahead.Count, length);
        }

        private SearchMeasurement Measure(int trial, int rung, double share)
        {
            var random = new Random(_seed * 100_000 + trial * 10 + rung);
            double metric = random.Next(9) == 0 ? double.NaN : random.NextDouble();
            return new SearchMeasurement(rung, share, 1, _lengths.FlopsOf(trial) * share, share, metric, null, []);
        }
    }
}
