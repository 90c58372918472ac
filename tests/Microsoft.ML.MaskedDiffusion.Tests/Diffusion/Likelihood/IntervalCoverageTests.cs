using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Evaluation.Perplexity;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// The estimate ± 1.96 standard errors holds the exact figure in 95 % of cases, from 16 samples on. A coverage over 1,000 draws has a
/// standard deviation of 0.7 points, so one below 93 % is no chance. Nor may an interval be much wider than it must be.
/// </summary>
[TestClass]
public sealed class IntervalCoverageTests
{
    private const int Repeats = 1000;
    private const double LeastCoverage = 0.93, LeastWidth = 0.9, MostWidth = 1.45;

    // Networks: "toy" looks at all tokens through a tanh, and the number is its sharpness. "all" and "any" have tokens with helpers, and
    // the number is how many.
    [TestMethod]
    [DataRow("ExactCount", "toy 0.6", 5, 16)]
    [DataRow("ExactCount", "toy 4", 5, 24)]
    [DataRow("ExactCount", "toy 4", 10, 16)]
    [DataRow("ExactCount", "toy 0.6", 10, 24)]
    [DataRow("ExactCount", "toy 2 guided", 8, 16)]
    [DataRow("ExactCount", "toy 2 guided", 8, 40)]
    [DataRow("ExactCount", "all 3", 16, 16)]
    [DataRow("ExactCount", "all 3", 16, 24)]
    [DataRow("ExactCount", "all 2", 16, 40)]
    [DataRow("ExactCount", "all 2", 16, 64)]
    [DataRow("ExactCount", "all 1", 16, 128)]
    [DataRow("ExactCount", "all 1", 40, 16)]
    [DataRow("ExactCount", "any 2", 40, 24)]
    [DataRow("ExactCount", "any 3", 40, 40)]
    [DataRow("ExactCount", "all 3", 40, 64)]
    [DataRow("ExactCount", "any 1", 40, 128)]
    [DataRow("MonteCarlo", "toy 0.6", 2, 16)]
    [DataRow("MonteCarlo", "toy 4", 2, 64)]
    [DataRow("MonteCarlo", "toy 0.6", 5, 24)]
    [DataRow("MonteCarlo", "toy 4", 5, 16)]
    [DataRow("MonteCarlo", "toy 2 guided", 8, 40)]
    [DataRow("MonteCarlo", "toy 4", 10, 16)]
    [DataRow("MonteCarlo", "all 1", 16, 16)]
    [DataRow("MonteCarlo", "any 1", 16, 128)]
    [DataRow("MonteCarlo", "any 2", 40, 24)]
    public void OfSingleRequests(string method, string network, int length, int samples) =>
        Check(method, network, length, new() { Samples = samples });

    // The target is half or a third of the first error, so that most requests go on.
    [TestMethod]
    [DataRow("ExactCount", "toy 4", 10, 16, 2.0)]
    [DataRow("ExactCount", "all 2", 16, 24, 2.0)]
    [DataRow("ExactCount", "any 2", 40, 16, 3.0)]
    [DataRow("MonteCarlo", "toy 0.6", 2, 16, 2.0)]
    [DataRow("MonteCarlo", "toy 4", 5, 16, 3.0)]
    [DataRow("MonteCarlo", "toy 2 guided", 8, 40, 2.0)]
    [DataRow("MonteCarlo", "any 1", 16, 24, 3.0)]
    public void OfAdaptiveBudgets(string method, string network, int length, int samples, double factor)
    {
        LikelihoodOptions first = new() { Samples = samples, Seed = 1 };
        double error = Errors(method, network, length, first, 100).Average(x => x.Error.StandardError);
        Check(method, network, length, new() { Samples = samples, TargetStandardError = error / factor });
    }

    [TestMethod]
    [DataRow("ExactCount", "toy 4", 5, 16, 6)]
    [DataRow("ExactCount", "all 2", 16, 16, 6)]
    [DataRow("MonteCarlo", "toy 0.6", 2, 16, 6)]
    [DataRow("MonteCarlo", "toy 4", 5, 16, 20)]
    [DataRow("MonteCarlo", "toy 0.6", 5, 24, 6)]
    [DataRow("MonteCarlo", "toy 2 guided", 8, 16, 6)]
    [DataRow("MonteCarlo", "any 1", 16, 24, 6)]
    public void OfSumsOverWindows(string method, string network, int length, int samples, int windows) =>
        Check(method, network, length, new() { Samples = samples }, windows);

    private static void Check(string method, string network, int length, LikelihoodOptions options, int windows = 1)
    {
        (double Off, EstimateError Error)[] single = Errors(method, network, length, options, Repeats * windows);
        var off = new double[Repeats];
        var errors = new double[Repeats];
        for (int i = 0; i < Repeats; i++)
        {
            var sums = new PerplexitySums();
            foreach ((double windowOff, EstimateError error) in single[(i * windows)..((i + 1) * windows)])
                sums.Add(windowOff, error, tokens: 1, bytes: 1);
            EvaluationMetric mean = sums.Figures(null).NegativeLogLikelihood;
            (off[i], errors[i]) = (Math.Abs(mean.Value), mean.NoiseStandardError);
        }
        double coverage = off.Zip(errors).Count(x => x.First <= 1.96 * x.Second) / (double)Repeats;
        // The one width that would cover 95 %. The variance says less: that of Monte Carlo estimates is infinite.
        double needed = off.Order().ElementAt(Repeats * 95 / 100) / 1.96, width = errors.Average() / needed;
        double variance = off.Average(x => x * x);
        Console.WriteLine($"{method} {network}, {length} tokens, {options.Samples} samples, {windows} windows: coverage {coverage:P1}, "
            + $"width {width:F2}, reported / true error {errors.Average() / Math.Sqrt(variance):F2}");
        Assert.IsGreaterThanOrEqualTo(LeastCoverage, coverage);
        Assert.IsInRange(LeastWidth, MostWidth, width);
    }

    /// <summary>How far independent estimates are off, and their errors.</summary>
    private static (double Off, EstimateError Error)[] Errors(
        string method, string network, int length, LikelihoodOptions options, int count)
    {
        string[] words = network.Split(' ');
        double number = double.Parse(words[1], System.Globalization.CultureInfo.InvariantCulture);
        bool toy = words[0] == "toy";
        var helper = new HelperEvaluator(length, Math.Min((int)number, length - 1), words[0] == "all", gain: 4, seed: 20);
        IRowEvaluator evaluator = toy ? new ToyEvaluator(seed: 21, sharpness: number) : helper;
        int[] answer = [.. Enumerable.Range(0, length).Select(i => (i * i + 3) % 7)];
        options.Method = LikelihoodMethod.FromName(method);
        options.GuidanceScale = words.Length == 3 ? 1.5 : 0;
        // All draws go through the network together, so that each mask does once.
        options.BatchTokens = 1 << 22;
        LikelihoodRequest[] requests = [.. Enumerable.Range(0, count)
            .Select(i => new LikelihoodRequest([1], answer) { RandomKey = (ulong)i })];
        LikelihoodEstimate[] estimates = new MaskedDiffusionScorer(evaluator, options).Score(requests);
        LikelihoodOptions all = new() { Method = LikelihoodMethod.Enumerate, GuidanceScale = options.GuidanceScale };
        double exact = toy ? -new MaskedDiffusionScorer(evaluator, all).Score([requests[0]])[0].LogLikelihood : helper.Bound;
        return [.. estimates.Select(estimate => (-estimate.LogLikelihood - exact, estimate.Error))];
    }
}
