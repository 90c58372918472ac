using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class StandardErrorTests
{
    [TestMethod]
    [DataRow("ExactCount", 9, 128, 32)]    // small sizes taken whole, the others in a stratum each
    [DataRow("ExactCount", 9, 40, 32)]     // strata of several sizes
    [DataRow("ExactCount", 14, 33, 32)]
    // Answers up to 7 tokens are exact at the default 128 samples; few samples give few degrees of freedom (see LikelihoodOptions.Samples).
    [DataRow("MonteCarlo", 2, 256, 16)]
    [DataRow("MonteCarlo", 3, 128, 32)]
    [DataRow("MonteCarlo", 4, 1024, 16)]   // the published settings
    [DataRow("MonteCarlo", 4, 256, 1)]     // no comb at all
    [DataRow("MonteCarlo", 6, 128, 32)]
    [DataRow("MonteCarlo", 12, 128, 32)]
    public void IntervalsCoverAsOftenAsTheySay(string estimator, int length, int samples, int roundSize)
    {
        const int Repeats = 400;
        var model = new ToyEvaluator(seed: 5);
        int[] answer = [.. Enumerable.Range(0, length).Select(i => i * i % 7)];
        var request = new LikelihoodRequest([1, 2], answer);
        double exact = new MaskedDiffusionScorer(model, new() { Method = LikelihoodMethod.Enumerate }).Score([request])[0].LogLikelihood;
        // The masks' losses do not change from repeat to repeat: an adaptive scorer would keep them, and so does this.
        var cached = new CachedEvaluator(model);
        int within1 = 0, within2 = 0;
        for (int seed = 0; seed < Repeats; seed++)
        {
            LikelihoodOptions options = new()
            {
                Method = LikelihoodMethod.FromName(estimator),
                Samples = samples,
                RoundSize = roundSize,
                Seed = seed,
            };
            LikelihoodEstimate estimate = new MaskedDiffusionScorer(cached, options).Score([request])[0];
            double z = Math.Abs(estimate.LogLikelihood - exact) / estimate.StandardError;
            if (z < 1)
                within1++;
            if (z < 1.96)
                within2++;
        }
        Console.WriteLine($"{estimator} L={length} N={samples} R={roundSize}: {(double)within1 / Repeats:P1} "
            + $"{(double)within2 / Repeats:P1}");
        // The counts are binomial: three standard deviations, and one point for the variance being estimated itself.
        static double Bound(double rate) => 3 * Math.Sqrt(rate * (1 - rate) / Repeats) + 0.01;
        Assert.AreEqual(0.683, (double)within1 / Repeats, Bound(0.683), "one standard error");
        Assert.AreEqual(0.950, (double)within2 / Repeats, Bound(0.950), "1.96 standard errors");
    }

    /// <summary>In one of some ninety draws of three combed samples no token of two would be hidden: 0 nats, said to be exact.</summary>
    [TestMethod]
    [DataRow(1)]
    [DataRow(32)]
    public void NoDrawIsTakenForACertainAnswer(int roundSize)
    {
        LikelihoodOptions options = new() { Method = LikelihoodMethod.MonteCarlo, Samples = 3, RoundSize = roundSize };
        LikelihoodRequest[] requests =
            [.. Enumerable.Range(0, 1000).Select(key => new LikelihoodRequest([1, 2], [3, 4]) { RandomKey = (ulong)key })];
        foreach (LikelihoodEstimate estimate in new MaskedDiffusionScorer(new ToyEvaluator(seed: 5), options).Score(requests))
        {
            Limit.Below(0, estimate.LogLikelihood);
            Assert.IsGreaterThan(0.0, estimate.StandardError);
        }
    }

    [TestMethod]
    public void ExactCountIsSharperThanMonteCarloAtEqualRows()
    {
        var model = new ToyEvaluator(seed: 5);
        var request = new LikelihoodRequest([1, 2], [3, 3, 1, 0, 6, 2, 2, 4, 5, 0, 1, 1]);
        double exact = new MaskedDiffusionScorer(model, new() { Method = LikelihoodMethod.Enumerate }).Score([request])[0].LogLikelihood;
        double Error(LikelihoodMethod estimator) => Enumerable.Range(0, 200).Average(seed =>
            Math.Pow(new MaskedDiffusionScorer(model, new() { Method = estimator, Samples = 64, Seed = seed })
                .Score([request])[0].LogLikelihood - exact, 2));
        double ratio = Error(LikelihoodMethod.ExactCount) / Error(LikelihoodMethod.MonteCarlo);
        Console.WriteLine($"variance, exact count / Monte Carlo: {ratio:F3}");
        Assert.IsTrue(ratio < 0.5, $"{ratio}");
    }
}
