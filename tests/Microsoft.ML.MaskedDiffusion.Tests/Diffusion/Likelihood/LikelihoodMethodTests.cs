using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class LikelihoodMethodTests
{
    private static readonly int[] Context = [3, 1, 4];

    private static LikelihoodEstimate Score(ToyEvaluator model, LikelihoodOptions options, LikelihoodRequest request) =>
        new MaskedDiffusionScorer(model, options).Score([request])[0];

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(3)]
    [DataRow(4)]
    public void EnumerateIsTheAverageOverAllOrdersAndTheIntegralOverAllLevels(int length)
    {
        var model = new ToyEvaluator(seed: length);
        int[] answer = [.. new[] { 2, 6, 0, 2 }.Take(length)];
        LikelihoodEstimate estimate = Score(model, new() { Method = LikelihoodMethod.Enumerate }, new(Context, answer));
        Assert.AreEqual(-BruteForce.Bound(model, Context, answer), estimate.LogLikelihood, 1e-10);
        Assert.AreEqual(-BruteForce.Integral(model, Context, answer), estimate.LogLikelihood, 1e-9);
        Assert.AreEqual(new LikelihoodEstimate(estimate.LogLikelihood, 0, length, (1 << length) - 1), estimate);
    }

    [TestMethod]
    [DataRow(0.7)]
    [DataRow(3.0)]
    public void GuidanceMasksTheContextOnly(double w)
    {
        var model = new ToyEvaluator();
        int[] answer = [5, 1, 1];
        foreach (LikelihoodMethod estimator in new[] { LikelihoodMethod.Enumerate, LikelihoodMethod.ExactCount })
        {
            LikelihoodEstimate estimate = Score(model, new() { Method = estimator, GuidanceScale = w }, new(Context, answer));
            Assert.AreEqual(-BruteForce.Bound(model, Context, answer, w), estimate.LogLikelihood, 1e-10);
            Assert.AreEqual(14, estimate.NetworkRows);
        }
        LikelihoodEstimate chain = Score(model, new() { Method = LikelihoodMethod.ChainRule, GuidanceScale = w }, new(Context, answer));
        Assert.AreEqual(-BruteForce.Chain(model, Context, answer, [0, 1, 2], w), chain.LogLikelihood, 1e-10);
    }

    [TestMethod]
    public void GuidanceWithoutContextChangesAndCostsNothing()
    {
        var model = new ToyEvaluator();
        var request = new LikelihoodRequest([], [1, 2, 3]);
        Assert.AreEqual(Score(model, new(), request), Score(model, new() { GuidanceScale = 2 }, request));
    }

    [TestMethod]
    public void ChainRuleIsADistributionInEveryOrder()
    {
        var model = new ToyEvaluator();
        LikelihoodOptions options = new() { Method = LikelihoodMethod.ChainRule };
        foreach (int[] order in BruteForce.Orders([0, 1, 2]))
        {
            LikelihoodRequest[] all = [.. BruteForce.Answers(7, 3)
                .Select(answer => new LikelihoodRequest(Context, answer) { Order = order })];
            LikelihoodEstimate[] estimates = new MaskedDiffusionScorer(model, options).Score(all);
            Assert.AreEqual(343, estimates.Length);
            Assert.AreEqual(1, estimates.Sum(estimate => Math.Exp(estimate.LogLikelihood)), 1e-12);
            Assert.AreEqual(-BruteForce.Chain(model, Context, all[100].Answer, order), estimates[100].LogLikelihood, 1e-12);
            Assert.IsTrue(estimates.All(estimate => estimate.StandardError == 0 && estimate.NetworkRows == 3));
        }
    }

    [TestMethod]
    public void ChainRuleOfFourTokensIsADistributionAndTheBoundIsItsAverageOverOrders()
    {
        var model = new ToyEvaluator();
        LikelihoodOptions options = new() { Method = LikelihoodMethod.ChainRule };
        foreach (int[] order in new int[][] { [0, 1, 2, 3], [3, 1, 0, 2] })
        {
            LikelihoodRequest[] all = [.. BruteForce.Answers(7, 4).Select(answer => new LikelihoodRequest([2], answer) { Order = order })];
            Assert.AreEqual(1, new MaskedDiffusionScorer(model, options).Score(all).Sum(estimate => Math.Exp(estimate.LogLikelihood)),
                1e-11);
        }
        int[] one = [2, 6, 0, 5];
        double average = BruteForce.Orders([0, 1, 2, 3])
            .Average(order => Score(model, options, new([2], one) { Order = order }).LogLikelihood);
        Assert.AreEqual(Score(model, new() { Method = LikelihoodMethod.Enumerate }, new([2], one)).LogLikelihood, average, 1e-11);
    }

    [TestMethod]
    public void OneTokenIsExactAndOneRowForEveryEstimator()
    {
        var model = new ToyEvaluator();
        double expected = model.LogProbability([3, 1, 4, 7], [3, 1, 4, 7], 0, 3, 5);
        foreach (string name in LikelihoodMethod.Names)
        {
            LikelihoodEstimate estimate = Score(model, new() { Method = LikelihoodMethod.FromName(name), Samples = 3 }, new(Context, [5]));
            // Samplers look at logits of 32 bits.
            Assert.AreEqual(expected, estimate.LogLikelihood, name.StartsWith("Sampler", StringComparison.Ordinal) ? 1e-6 : 0, name);
            Assert.AreEqual((0.0, 1, 1), (estimate.StandardError, estimate.TokenCount, estimate.NetworkRows), name);
        }
    }

    [TestMethod]
    public void ExactCountEnumeratesWhereThatCostsNoMore()
    {
        var model = new ToyEvaluator();
        LikelihoodRequest request = new(Context, [1, 2, 3, 4]);
        LikelihoodEstimate exact = Score(model, new() { Method = LikelihoodMethod.Enumerate }, request);
        Assert.AreEqual(exact, Score(model, new() { Samples = 15 }, request));
        LikelihoodEstimate sampled = Score(model, new() { Samples = 14 }, request);
        Assert.IsTrue(sampled.StandardError > 0 && sampled.NetworkRows <= 14);
    }

    [TestMethod]
    [DataRow("ExactCount", 8, 10)]
    [DataRow("ExactCount", 5, 4)]
    [DataRow("MonteCarlo", 4, 4)]
    [DataRow("MonteCarlo", 32, 1)]
    public void SamplingIsUnbiased(string name, int samples, int roundSize)
    {
        var model = new ToyEvaluator();
        int[] answer = [2, 6, 0, 5];
        double exact = -BruteForce.Bound(model, Context, answer);
        var estimates = new double[3000];
        for (int seed = 0; seed < estimates.Length; seed++)
        {
            LikelihoodOptions options = new()
            {
                Method = LikelihoodMethod.FromName(name),
                Samples = samples,
                RoundSize = roundSize,
                Seed = seed,
            };
            estimates[seed] = Score(model, options, new(Context, answer)).LogLikelihood;
        }
        double mean = estimates.Average(), error = Math.Sqrt(estimates.Sum(x => (x - mean) * (x - mean))) / estimates.Length;
        Assert.AreEqual(exact, mean, 3.5 * error, $"standard error of the mean {error}");   // a fixed seed: passes always or never
    }

    [TestMethod]
    public void NamesAreForgivingAboutCaseOnly()
    {
        CollectionAssert.AreEqual(
            new[]
            {
                "ExactCount", "MonteCarlo", "Enumerate", "ChainRule", "Sampler(TopProbability)", "Sampler(Margin)", "Sampler(Entropy)",
                "Sampler(LeftToRight)",
            },
            LikelihoodMethod.Names.ToArray());
        Assert.AreSame(LikelihoodMethod.ChainRule, LikelihoodMethod.FromName("chainrule"));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => LikelihoodMethod.FromName("mc")).Message,
            "ExactCount, MonteCarlo, Enumerate, ChainRule");
    }

    [TestMethod]
    public void EnumerateRefusesLongAnswers()
    {
        ArgumentException error = Assert.ThrowsExactly<ArgumentException>(
            () => Score(new ToyEvaluator(), new() { Method = LikelihoodMethod.Enumerate }, new([], new int[17])));
        StringAssert.Contains(error.Message, "17 tokens");
    }
}
