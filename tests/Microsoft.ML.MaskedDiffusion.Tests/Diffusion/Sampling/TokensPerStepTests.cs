using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class TokensPerStepTests
{
    [TestMethod]
    public void NumbersOfStepsAndRoundsAreWhole()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => TokensPerStep.FromName("Fixed(2.5)"));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => SamplingCache.FromName("Delayed(2.9)"));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Remasking.FromName("Loop(0.4, 0.5, 64.5)"));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Remasking.FromName("Revision(0.1, 1.5)"));
    }

    [TestMethod]
    public void PlansAreThoseOfThePublishedSamplers()
    {
        int tables = 0;
        foreach (JsonElement table in Golden.Json("published", "transfer_tables.json").GetProperty("tables").EnumerateArray())
        {
            int masked = table.GetProperty("masked").GetInt32(), steps = table.GetProperty("steps").GetInt32();
            string scheduler = table.GetProperty("scheduler").GetString()!;
            string what = $"{scheduler}, {masked} in {steps}";
            TokensPerStep rule = TokensPerStep.FromName(scheduler);
            CollectionAssert.AreEqual(Numbers(table, "dllm"), Plan(rule, masked, steps), what);
            if (table.GetProperty("llada").ValueKind == JsonValueKind.Array)
            {
                int[] expected = [.. Numbers(table, "llada").Where(count => count > 0)];
                CollectionAssert.AreEqual(expected, Plan(TokensPerStep.EqualShares, masked, steps), what);
            }
            tables++;
        }
        Assert.AreEqual(28, tables);
    }

    [TestMethod]
    [DataRow(43, 32, 1e-5, "1x22, 2x9, 3x1")]
    [DataRow(128, 128, 1e-5, "0x1, 1x126, 2x1")]
    [DataRow(128, 32, 1e-5, "3x1, 4x30, 5x1")]
    [DataRow(128, 64, 1e-5, "1x1, 2x62, 3x1")]
    [DataRow(992, 128, 1e-5, "7x33, 8x94, 9x1")]
    [DataRow(200, 256, 1e-5, "0x57, 1x198, 2x1")]
    [DataRow(16, 8, 1e-3, "1x1, 2x6, 3x1")]
    [DataRow(24, 24, 1e-3, "0x1, 1x22, 2x1")]
    [DataRow(32, 7, 1e-3, "4x4, 5x2, 6x1")]
    [DataRow(64, 10, 1e-3, "6x7, 7x2, 8x1")]
    public void TimeLinearCountsAreThoseThatTheReferenceComputes(int masked, int steps, double epsilon, string expected)
    {
        IEnumerable<string> runs = Plan(TokensPerStep.TimeLinear(epsilon), masked, steps)
            .GroupBy(count => count).OrderBy(run => run.Key).Select(run => $"{run.Key}x{run.Count()}");
        Assert.AreEqual(expected, string.Join(", ", runs));
    }

    [TestMethod]
    [DataRow("Threshold(0.9)", new[] { 0.99, 0.95, 0.9, 0.89, 0.1 }, 3)]
    [DataRow("Threshold(0.9)", new[] { 0.5, 0.4 }, 1)]
    [DataRow("Threshold(0)", new[] { 0.5, 0.4 }, 2)]
    // Limits of the factor rule with factor 1: none, 2/3, 3/4, 4/5, 5/6.
    [DataRow("Factor(1)", new[] { 0.2, 0.1 }, 2)]
    [DataRow("Factor(1)", new[] { 0.9, 0.6, 0.5, 0.1 }, 1)]
    [DataRow("Factor(1)", new[] { 0.9, 0.8, 0.7, 0.1 }, 2)]
    [DataRow("Factor(1)", new[] { 0.9, 0.8, 0.76, 0.1 }, 4)]
    [DataRow("Factor(1)", new[] { 0.1 }, 1)]
    public void AdaptiveRulesLookAtProbabilities(string rule, double[] probabilities, int expected)
    {
        TokenPrediction[] ranked = [.. probabilities.Select((p, i) => new TokenPrediction(i, 0, 0, p, 0, 0, 0))];
        Assert.AreEqual(expected, TokensPerStep.FromName(rule).Count(new SamplingStep { Steps = 1, Ranked = ranked }));
    }

    [TestMethod]
    [DataRow(0.0, new[] { 0.1, 0.2 }, 1)]
    [DataRow(0.0, new[] { 0.0, 0.0, 0.2, 0.2 }, 3)]
    [DataRow(0.1, new[] { 0.05, 0.04, 0.3, 0.01 }, 3)]
    [DataRow(1e9, new[] { 3.0, 2.0, 1.0 }, 3)]
    public void TheEntropyBoundIsOnTheSumLessTheLargest(double bound, double[] entropies, int expected)
    {
        TokenPrediction[] ranked = [.. entropies.Select((entropy, i) => new TokenPrediction(i, 0, 0, 0, 0, entropy, 0))];
        Assert.AreEqual(expected, TokensPerStep.EntropyBound(bound).Count(new SamplingStep { Steps = 1, Ranked = ranked }));
    }

    [TestMethod]
    public void NumbersOutOfRangeAndUnknownNamesAreRefused()
    {
        foreach (string bad in new[] { "Threshold(1.1)", "Factor(0)", "EntropyBound(-1)", "TimeLinear(0)", "Ancestral(1)" })
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => TokensPerStep.FromName(bad), bad);
        foreach (string bad in new[] { "Threshold", "Threshold(NaN)", "Fast", "", "EqualShares(1)", "Threshold(0.1, 0.2)" })
        {
            StringAssert.Contains(
                Assert.ThrowsExactly<ArgumentException>(() => TokensPerStep.FromName(bad), bad).Message, "Threshold(x)");
        }
    }

    // The counts of a run without predictions.
    private static int[] Plan(TokensPerStep rule, int masked, int steps)
    {
        var counts = new List<int>();
        for (int left = masked; left > 0; left -= counts[^1])
        {
            counts.Add(rule.Count(new SamplingStep
            {
                Step = counts.Count, Steps = steps, InitialCount = masked, Ranked = new TokenPrediction[left],
            }));
        }
        return [.. counts];
    }

    private static int[] Numbers(JsonElement table, string name) =>
        [.. table.GetProperty(name).EnumerateArray().Select(number => number.GetInt32())];
}
