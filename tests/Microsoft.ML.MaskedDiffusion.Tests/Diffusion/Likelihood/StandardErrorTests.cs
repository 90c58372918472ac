using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

namespace Microsoft.ML.MaskedDiffusion.Tests.Diffusion.Likelihood;

[TestClass]
public sealed class StandardErrorTests
{
    [TestMethod]
    [DataRow(9, 128)]    // small sizes taken whole, the others in a stratum each
    [DataRow(9, 40)]     // strata of several sizes
    [DataRow(14, 33)]
    public void IntervalsCoverAsOftenAsTheySay(int length, int samples)
    {
        const int Repeats = 400;
        var model = new ToyEvaluator(seed: 5);
        int[] answer = [.. Enumerable.Range(0, length).Select(i => i * i % 7)];
        var request = new LikelihoodRequest([1, 2], answer);
        double exact = new LikelihoodScorer(model, new() { Estimator = LikelihoodEstimator.Enumerate }).Score([request])[0].LogLikelihood;
        int within1 = 0, within2 = 0;
        for (int seed = 0; seed < Repeats; seed++)
        {
            LikelihoodEstimate estimate = new LikelihoodScorer(model, new() { Samples = samples, Seed = seed }).Score([request])[0];
            double z = Math.Abs(estimate.LogLikelihood - exact) / estimate.StandardError;
            if (z < 1) within1++;
            if (z < 1.96) within2++;
        }
        // Binomial standard deviations over 400 repeats are 2.3 and 1.1 points; three of them, and one point for estimating the variance itself.
        Assert.AreEqual(0.683, (double)within1 / Repeats, 0.08);
        Assert.AreEqual(0.950, (double)within2 / Repeats, 0.043);
    }

    [TestMethod]
    public void CombsOfLevelsGiveARoughError()
    {
        const int Repeats = 400;
        var model = new ToyEvaluator(seed: 5);
        var request = new LikelihoodRequest([1, 2], [3, 3, 1, 0, 6, 2]);
        double exact = new LikelihoodScorer(model, new() { Estimator = LikelihoodEstimator.Enumerate }).Score([request])[0].LogLikelihood;
        int within = 0;
        for (int seed = 0; seed < Repeats; seed++)
        {
            LikelihoodOptions options = new() { Estimator = LikelihoodEstimator.MonteCarlo, Samples = 128, Seed = seed };
            LikelihoodEstimate estimate = new LikelihoodScorer(model, options).Score([request])[0];
            if (Math.Abs(estimate.LogLikelihood - exact) < 1.96 * estimate.StandardError) within++;
        }
        // Its true variance is unbounded (weights 1 / t), so intervals miss more often than they say, but not by much.
        Assert.IsTrue(within is > 340 and <= 396, $"{within} of {Repeats}");
    }

    [TestMethod]
    public void ExactCountIsSharperThanMonteCarloAtEqualRows()
    {
        var model = new ToyEvaluator(seed: 5);
        var request = new LikelihoodRequest([1, 2], [3, 3, 1, 0, 6, 2, 2, 4, 5, 0, 1, 1]);
        double exact = new LikelihoodScorer(model, new() { Estimator = LikelihoodEstimator.Enumerate }).Score([request])[0].LogLikelihood;
        double Error(LikelihoodEstimator estimator) => Enumerable.Range(0, 200).Average(seed =>
            Math.Pow(new LikelihoodScorer(model, new() { Estimator = estimator, Samples = 64, Seed = seed }).Score([request])[0].LogLikelihood - exact, 2));
        double ratio = Error(LikelihoodEstimator.ExactCount) / Error(LikelihoodEstimator.MonteCarlo);
        Console.WriteLine($"variance, exact count / Monte Carlo: {ratio:F3}");
        Assert.IsTrue(ratio < 0.5, $"{ratio}");
    }
}
