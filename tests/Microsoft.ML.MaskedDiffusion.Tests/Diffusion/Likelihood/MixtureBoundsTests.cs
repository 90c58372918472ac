using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Both bounds on the mixture of all orders, against all orders enumerated by their definition.</summary>
[TestClass]
public sealed class MixtureBoundsTests
{
    private static readonly int[] Context = [3, 1];

    private static double[] LogsOfAllOrders(ToyEvaluator model, int[] answer, double w = 0) =>
        [.. BruteForce.Orders([.. Enumerable.Range(0, answer.Length)])
            .Select(order => -BruteForce.Chain(model, Context, answer, order, w))];

    private static MixtureBounds Bound(ToyEvaluator model, int[] answer, int orders, int seed = 0, double w = 0) =>
        new MaskedDiffusionScorer(model, new() { Seed = seed, GuidanceScale = w }).Bound([new(Context, answer)], orders)[0];

    [TestMethod]
    [DataRow(1, 0.0)]
    [DataRow(2, 0.0)]
    [DataRow(4, 0.0)]
    [DataRow(5, 0.8)]
    public void ShortAnswersAreTheExactMixture(int length, double w)
    {
        var model = new ToyEvaluator(seed: length);
        int[] answer = [.. new[] { 2, 6, 0, 2, 5 }.Take(length)];
        double[] logs = LogsOfAllOrders(model, answer, w);
        MixtureBounds bounds = Bound(model, answer, 64, w: w);
        Assert.AreEqual(logs.Average(), bounds.Lower, 1e-10);
        Assert.AreEqual(Math.Log(logs.Average(Math.Exp)), bounds.Upper, 1e-10);
        Assert.AreEqual((0.0, 0.0), (bounds.LowerError.StandardError, bounds.UpperError.StandardError));
        Assert.IsTrue(bounds.Lower <= bounds.Upper + 1e-12);
    }

    [TestMethod]
    public void ExactAnswersCostNoMoreThanTheMasks()
    {
        var model = new ToyEvaluator();
        var scorer = new MaskedDiffusionScorer(model, new());
        scorer.Bound([new(Context, [1, 2, 3, 4])], 64);
        Assert.AreEqual(15, scorer.NetworkRows);
        // 63 masks are more than 8 orders of 6 tokens.
        scorer.Bound([new(Context, [1, 2, 3, 4, 5, 6])], 8);
        Assert.IsTrue(scorer.NetworkRows - 15 is > 6 and <= 48, $"{scorer.NetworkRows}");
    }

    /// <summary>
    /// All samples of four orders out of the six of three tokens, each with its probability: the expectations without any noise.
    /// </summary>
    [TestMethod]
    [DataRow(0.5)]
    [DataRow(1.5)]
    [DataRow(4.0)]
    public void InExpectationTheBoundsEncloseTheMixture(double sharpness)
    {
        var model = new ToyEvaluator(seed: 2, sharpness);
        double[] logs = LogsOfAllOrders(model, [2, 6, 0]);
        double mixture = Math.Log(logs.Average(Math.Exp)), lower = 0, upper = 0;
        for (int sample = 0; sample < 6 * 6 * 6 * 6; sample++)
        {
            MixtureBounds bounds = MixtureBounds.Of([logs[sample % 6], logs[sample / 6 % 6], logs[sample / 36 % 6], logs[sample / 216]]);
            lower += bounds.Lower / 1296;
            upper += bounds.Upper / 1296;
        }
        Console.WriteLine($"sharpness {sharpness}: {lower:F4} <= {mixture:F4} <= {upper:F4}");
        Assert.AreEqual(logs.Average(), lower, 1e-10, "the variational bound, without bias");
        Assert.IsTrue(lower <= mixture && mixture <= upper);
    }

    [TestMethod]
    public void TheTangentIsTightWhereItTouchesAndAboveElsewhere()
    {
        double[] logs = LogsOfAllOrders(new ToyEvaluator(), [2, 6, 0, 5]);
        double mixture = Math.Log(logs.Average(Math.Exp));
        // All orders are their own mean: the bound without noise.
        double At(double log) => MixtureBounds.Tangent(new MixtureBounds.Surrogate(log, 0), logs).Value;
        Assert.AreEqual(mixture, At(mixture), 1e-12);
        for (double shift = 0.1; shift < 5; shift += 0.1)
        {
            Assert.AreEqual(mixture + shift + Math.Exp(-shift) - 1, At(mixture + shift), 1e-10);
            Assert.AreEqual(mixture - shift + Math.Exp(shift) - 1, At(mixture - shift), 1e-10);
            Assert.IsTrue(At(mixture + shift) > mixture && At(mixture - shift) > mixture);
        }
    }

    [TestMethod]
    public void SampledOrdersEstimateBothBounds()
    {
        var model = new CachedEvaluator(new ToyEvaluator(seed: 4));
        int[] answer = [2, 6, 0, 5, 1, 3];
        double[] logs = LogsOfAllOrders(new ToyEvaluator(seed: 4), answer);
        double mixture = Math.Log(logs.Average(Math.Exp)), bound = logs.Average();
        MixtureBounds[] samples = [.. Enumerable.Range(0, 600).Select(seed =>
            new MaskedDiffusionScorer(model, new() { Seed = seed }).Bound([new(Context, answer)], 10)[0])];
        double lower = samples.Average(one => one.Lower), upper = samples.Average(one => one.Upper);
        double deviation = Math.Sqrt(samples.Average(one => (one.Lower - lower) * (one.Lower - lower)) / samples.Length);
        Console.WriteLine($"{bound:F3} ({lower:F3} ± {deviation:F3}) <= {mixture:F3} <= {upper:F3}");
        Assert.AreEqual(bound, lower, 3.5 * deviation);
        Assert.IsTrue(upper >= mixture, $"{upper} {mixture}");
        double lowerShare = samples.Average(one => one.Lower - 1.96 * one.LowerError.StandardError <= mixture ? 1.0 : 0);
        double upperShare = samples.Average(one => one.Upper + 1.96 * one.UpperError.StandardError >= mixture ? 1.0 : 0);
        Assert.IsTrue(lowerShare > 0.95 && upperShare > 0.9, $"{lowerShare} {upperShare}");
    }

    /// <summary>Log-probabilities that are normal, whose mixture is known, up to a spread at which a sample sees little of it.</summary>
    [TestMethod]
    [DataRow(0.3, 16)]
    [DataRow(1.0, 16)]
    [DataRow(1.0, 64)]
    [DataRow(3.0, 64)]
    [DataRow(8.0, 64)]
    [DataRow(30.0, 64)]
    public void TheUpperSideHoldsWhereOrdersDifferByManyNats(double spread, int orders)
    {
        var random = new Random(1);
        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        const int Trials = 1000;
        int held = 0;
        var uppers = new double[Trials];
        for (int trial = 0; trial < Trials; trial++)
        {
            double[] logs = [.. Enumerable.Range(0, orders).Select(_ => -spread * spread / 2 + spread * Normal())];
            MixtureBounds bounds = MixtureBounds.Of(logs);
            uppers[trial] = bounds.Upper;
            Assert.IsTrue(double.IsFinite(bounds.Upper) && double.IsFinite(bounds.UpperError.StandardError));
            if (bounds.Upper + 1.96 * bounds.UpperError.StandardError >= 0)
                held++;
        }
        Array.Sort(uppers);
        Console.WriteLine($"spread {spread}, {orders} orders: held {held} of {Trials}, median {uppers[Trials / 2]:F3}, "
            + $"lower bound {-spread * spread / 2:F2}");
        Assert.IsGreaterThan(900, held);
        Limit.Below(spread * spread / 2 + 0.3, uppers[Trials / 2], "the upper side is no further away than the lower one");
    }

    [TestMethod]
    public void OrdersThatAgreeLeaveNoRoom()
    {
        MixtureBounds bounds = MixtureBounds.Of([-7, -7, -7, -7, -7, -7, -7, -7]);
        Assert.AreEqual(-7, bounds.Lower, 1e-12);
        Assert.AreEqual(-7, bounds.Upper, 1e-12);
        Assert.AreEqual((0.0, 0.0), (bounds.LowerError.StandardError, bounds.UpperError.StandardError));
    }

    [TestMethod]
    public void ARequestHasTheSameBitsWhateverIsBesideIt()
    {
        var random = new Random(5);
        int[] Ids(int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(7))];
        LikelihoodRequest[] requests =
            [.. Enumerable.Range(0, 12).Select(_ => new LikelihoodRequest(Ids(random.Next(3)), Ids(random.Next(1, 9))))];
        static MixtureBounds[] Bound(LikelihoodRequest[] all, int tokens) =>
            new MaskedDiffusionScorer(new ToyEvaluator(), new() { BatchTokens = tokens, GuidanceScale = 0.5 }).Bound(all, 8);
        MixtureBounds[] together = Bound(requests, 8192);
        CollectionAssert.AreEqual(together, Bound([.. requests.Reverse()], 40).Reverse().ToArray());
        CollectionAssert.AreEqual(together, requests.Select(request => Bound([request], 1)[0]).ToArray());
    }
}
