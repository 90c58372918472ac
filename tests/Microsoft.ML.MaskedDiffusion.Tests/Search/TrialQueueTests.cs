using Microsoft.ML.MaskedDiffusion.Search;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class TrialQueueTests
{
    private static readonly SearchMetric Lower = SearchMetric.Of("loss", _ => 0), Higher = SearchMetric.Of("accuracy", _ => 0, false);

    [TestMethod]
    [DataRow(1, 1, 3)]
    [DataRow(2, 3, 3)]
    [DataRow(9, 1, 2)]
    [DataRow(9, 3, 3)]
    [DataRow(27, 4, 3)]
    [DataRow(50, 3, 2)]
    [DataRow(100, 6, 2)]
    public void TheBestOfEachRungGoOnAndOneIsTrainedToItsEnd(int trials, int rungs, int reduction)
    {
        foreach (SearchMetric metric in new[] { Lower, Higher })
        {
            var random = new Random(trials + rungs);
            var queue = new TrialQueue(trials, rungs, reduction, metric);
            var reached = new Dictionary<int, int>();
            var values = new Dictionary<(int, int), double>();
            HashSet<int> given = [];
            while (queue.Next(rungs) is { } next)
            {
                (int trial, int rung) = next;
                Assert.AreEqual(rung, reached.GetValueOrDefault(trial, -1) + 1, "a trial climbs rung by rung");
                Assert.DoesNotContain(trial, given, "nothing is kept of a trial that may not go on");
                if (rung > 0)
                {
                    double[] before = [.. values.Where(one => one.Key.Item2 == rung - 1).Select(one => one.Value)];
                    int better = before.Count(other => metric.IsBetter(other, values[(trial, rung - 1)]));
                    Limit.Below(Math.Max(1, before.Length / reduction), better, "it was among the best of its rung");
                }
                reached[trial] = rung;
                // Some trainings fail.
                double value = rung == 0 && trial > 0 && random.Next(8) == 0 ? double.NaN : random.NextDouble();
                values[next] = value;
                queue.Add(trial, rung, value);
                given.UnionWith(reached.Keys.Where(other => !queue.MayGoOn(other)));
            }
            Assert.AreEqual(trials, reached.Count);
            Assert.AreEqual(trials, queue.Begun);
            Assert.IsTrue(reached.ContainsValue(rungs - 1), "one is trained to its end");
            (int Trial, int Rung, double Metric) best = queue.Best!.Value;
            double[] same = [.. values.Where(one => one.Key.Item2 == best.Rung && double.IsFinite(one.Value)).Select(one => one.Value)];
            Assert.AreEqual(metric.LowerIsBetter ? same.Min() : same.Max(), best.Metric);
        }
    }

    [TestMethod]
    public void WhatComesNextFollowsFromTheMeasurementsInAnyOrder()
    {
        double Value(int trial, int rung) => new Random(trial * 10 + rung).NextDouble();
        var queue = new TrialQueue(20, 3, 3, Lower);
        List<(int Trial, int Rung)> all = [];
        while (queue.Next(3) is { } next)
        {
            // One that is filled anew, as after a kill, goes on the same.
            var again = new TrialQueue(20, 3, 3, Lower);
            foreach ((int trial, int rung) in all)
                again.Add(trial, rung, Value(trial, rung));
            Assert.AreEqual(next, again.Next(3));
            all.Add(next);
            queue.Add(next.Trial, next.Rung, Value(next.Trial, next.Rung));
        }
        Assert.HasCount(all.Count, all.Distinct().ToArray());
    }

    [TestMethod]
    public void SharesEndAtTheWholeBudget()
    {
        var queue = new TrialQueue(9, 3, 3, Lower);
        Assert.AreEqual(1.0 / 9, queue.ShareOf(0), 1e-15);
        Assert.AreEqual(1, queue.ShareOf(2));
        // Behind a warm start of a third the rest is divided in the same way.
        var warm = new TrialQueue(9, 3, 3, Lower, start: 1.0 / 3);
        Assert.AreEqual(1.0 / 3 + 2.0 / 27, warm.ShareOf(0), 1e-15);
        Assert.AreEqual(5.0 / 9, warm.ShareOf(1), 1e-15);
        Assert.AreEqual(1, warm.ShareOf(2));
        Assert.AreEqual(warm.ShareOf(0), warm.Copy().ShareOf(0));
    }

    [TestMethod]
    public void WhereTheBestFailsLaterTheNextOnesGoOn()
    {
        var queue = new TrialQueue(3, 3, 3, Lower);
        List<(int, int)> all = [];
        while (queue.Next(3) is { } next)
        {
            all.Add(next);
            queue.Add(next.Trial, next.Rung, next is { Trial: 0, Rung: 1 } or { Trial: 1, Rung: 2 } ? double.NaN : next.Trial);
        }
        CollectionAssert.AreEqual(new[] { (0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (1, 2), (2, 1), (2, 2) }, all);
        Assert.AreEqual((2, 2, 2.0), queue.Best);
    }

    [TestMethod]
    public void ASearchInWhichAllFailHasNoBest()
    {
        var queue = new TrialQueue(4, 2, 2, Lower);
        while (queue.Next(2) is { } next)
            queue.Add(next.Trial, next.Rung, double.NaN);
        Assert.AreEqual(4, queue.Begun);
        Assert.IsNull(queue.Best);
    }
}
