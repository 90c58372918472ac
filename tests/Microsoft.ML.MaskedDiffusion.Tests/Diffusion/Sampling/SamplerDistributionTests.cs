using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What samplers draw is held against exact distributions over all texts of four tokens of a vocabulary of five.</summary>
[TestClass]
public sealed class SamplerDistributionTests
{
    private const int Draws = 6_000;
    private static readonly JointModel Model = new(5, 4);

    [TestMethod]
    [DataRow("Random", "EqualShares")]
    [DataRow("TopProbability", "EqualShares")]
    [DataRow("Margin", "EqualShares")]
    [DataRow("Entropy", "EqualShares")]
    [DataRow("LeftToRight", "EqualShares")]
    [DataRow("Random", "Linear")]
    [DataRow("Margin", "Threshold(1)")]
    [DataRow("Random", "Threshold(1)")]
    [DataRow("Entropy", "EntropyBound(0)")]
    public void OnePositionAStepDrawsFromTheModel(string order, string count)
    {
        SamplingOptions options = new()
        {
            Order = SamplingOrder.FromName(order), TokensPerStep = TokensPerStep.FromName(count), Steps = 4, Temperature = 1,
        };
        SamplingRow[] rows = Run(options);
        Assert.IsTrue(rows.All(row => row.Steps == 4), "one position a step");
        ChiSquare.Require(Counts(rows), Model.Probabilities);
    }

    [TestMethod]
    [DataRow("Cap(0.3)", 12)]
    [DataRow("Rescale(0.5)", 12)]
    [DataRow("Loop(0.4, 0.5, 6)", 4)]
    public void RemaskingKeepsTheDistribution(string remasking, int steps)
    {
        // With a step for each token at most, the exact conditionals give the exact distribution, however often tokens are masked again.
        SamplingOptions options = new()
        {
            Order = SamplingOrder.Random, TokensPerStep = new OneInThree(), Remasking = Remasking.FromName(remasking), Steps = steps,
            Temperature = 1,
        };
        SamplingRow[] rows = Run(options);
        Assert.IsTrue(rows.Any(row => Enumerable.Range(0, 4).Any(i => row.History.TimesMasked(i) > 0)), "tokens are masked again");
        ChiSquare.Require(Counts(rows), Model.Probabilities);
    }

    [TestMethod]
    [DataRow("Cap(0.3)")]
    [DataRow("Rescale(0.5)")]
    [DataRow("LeastConfident")]
    public void RemaskingKeepsTheMarginals(string remasking)
    {
        // After step s of S each position is masked with probability t(s), as without remasking.
        SamplingOptions options = new()
        {
            Order = SamplingOrder.Random, TokensPerStep = TokensPerStep.Ancestral(), Remasking = Remasking.FromName(remasking), Steps = 6,
            Temperature = 1,
        };
        SamplingRow[] rows = Rows(options);
        var decoder = new Decoder(Model, options.Clone());
        for (int step = 1; step < 6; step++)
        {
            decoder.Step([.. rows.Where(row => !row.IsDone)], new SharedPlan(), CancellationToken.None);
            double level = 1 - step / 6.0;
            for (int position = 0; position < Model.Length; position++)
            {
                double share = rows.Average(row => row.Tokens[position] == Model.MaskTokenId ? 1.0 : 0);
                // Four standard errors of a share.
                Assert.AreEqual(level, share, 4 * Math.Sqrt(level * (1 - level) / Draws) + 1e-4, $"position {position} after step {step}");
            }
        }
    }

    [TestMethod]
    public void ConfidenceOfTheDrawnTokenIsTheDistributionThatEnumerationGives()
    {
        SamplingRow[] rows = Run(new SamplingOptions { Order = SamplingOrder.Confidence, Temperature = 1 });
        ChiSquare.Require(Counts(rows), Enumerated());
    }

    // All candidates for all masked positions, with the probability that they are drawn together. Ways to the same row are taken together.
    private static double[] Enumerated()
    {
        var expected = new double[Model.Probabilities.Count];
        var reached = new Dictionary<string, (int[] Row, double Probability)> { [""] = ([5, 5, 5, 5], 1) };
        for (int step = 0; step < Model.Length; step++)
        {
            var next = new Dictionary<string, (int[] Row, double Probability)>();
            foreach ((int[] row, double probability) in reached.Values)
            {
                int[] open = [.. Enumerable.Range(0, Model.Length).Where(i => row[i] == 5)];
                double[][] conditionals = [.. open.Select(position => Model.Conditional(row, position))];
                foreach (int[] candidates in BruteForce.Answers(5, open.Length))
                {
                    double[] chances = [.. candidates.Select((token, i) => conditionals[i][token])];
                    int best = Enumerable.Range(0, open.Length).MaxBy(i => chances[i]);
                    int[] drawn = [.. row];
                    drawn[open[best]] = candidates[best];
                    string key = string.Join(' ', drawn);
                    double before = next.GetValueOrDefault(key).Probability;
                    next[key] = (drawn, before + chances.Aggregate(probability, (product, chance) => product * chance));
                }
            }
            reached = next;
        }
        foreach ((int[] row, double probability) in reached.Values)
            expected[Model.IndexOf(row)] = probability;
        return expected;
    }

    private static SamplingRow[] Rows(SamplingOptions options)
    {
        options = options.Clone();
        return
        [
            .. Enumerable.Range(0, Draws).Select(i =>
                new SamplingRow(new SamplingRequest([5, 5, 5, 5], [0, 1, 2, 3]) { Key = (ulong)i }, options, Model.MaskTokenId)),
        ];
    }

    private static SamplingRow[] Run(SamplingOptions options)
    {
        options.BatchTokens = int.MaxValue;
        SamplingRow[] rows = Rows(options);
        new Decoder(Model, options.Clone()).Run(rows, null, CancellationToken.None);
        return rows;
    }

    private static int[] Counts(SamplingRow[] rows)
    {
        var counts = new int[Model.Probabilities.Count];
        foreach (SamplingRow row in rows)
            counts[Model.IndexOf(row.Tokens)]++;
        return counts;
    }

    /// <summary>One position in every third step.</summary>
    private sealed class OneInThree() : TokensPerStep("OneInThree")
    {
        public override int Count(in SamplingStep step) => step.Step % 3 == 2 ? 1 : 0;
    }
}
