using Microsoft.ML.MaskedDiffusion.Evaluation.Statistics;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The chance to win against the closed form for two options, and against counting draws for more.</summary>
[TestClass]
public sealed class ArgMaxProbabilityTests
{
    [TestMethod]
    // Φ(1.96) and others from tables of 16 digits.
    [DataRow(0, 0.5)]
    [DataRow(1, 0.8413447460685429)]
    [DataRow(1.96, 0.9750021048517795)]
    [DataRow(-3, 0.0013498980316300933)]
    [DataRow(5, 0.9999997133484281)]
    public void Cumulative_AgreesWithTables(double x, double expected) =>
        Assert.AreEqual(expected, NormalDistribution.Cumulative(x), 1e-14);

    [TestMethod]
    [DataRow(-3.0, 0.5, -3.7, 0.8)]
    [DataRow(-3.0, 0.5, -2.0, 0.0)]
    [DataRow(-3.0, 0.0, -3.5, 1.5)]
    [DataRow(-3.0, 4.0, -3.5, 0.01)]
    public void TwoOptions_ClosedForm(double a, double errorA, double b, double errorB)
    {
        double expected = NormalDistribution.Cumulative((a - b) / Math.Sqrt(errorA * errorA + errorB * errorB));
        double actual = ArgMaxProbability.Of(0, [a, b], [errorA, errorB]);
        // The steepest factor, Φ((z 4 + ...) / 0.01), spans less than one step of Simpson's rule.
        Assert.AreEqual(expected, actual, errorB == 0.01 ? 5e-3 : 1e-9);
        Assert.AreEqual(1, actual + ArgMaxProbability.Of(1, [a, b], [errorA, errorB]), 5e-3);
    }

    [TestMethod]
    public void ExactEstimates_TheFirstOfTheLargestWins()
    {
        Assert.AreEqual(1, ArgMaxProbability.Of(0, [2, 1, 2], [0, 0, 0]));
        Assert.AreEqual(0, ArgMaxProbability.Of(2, [2, 1, 2], [0, 0, 0]));
        Assert.AreEqual(0, ArgMaxProbability.Of(1, [2, 1, 2], [0, 0, 0]));
    }

    [TestMethod]
    public void FourOptions_AgreeWithCountedDraws()
    {
        double[] values = [-10, -10.4, -11, -9.8], errors = [0.5, 0.9, 0, 0.2];
        const int draws = 200_000;
        var wins = new int[values.Length];
        var random = new CounterRandom(1, 1, RandomPurpose.Example);
        for (int draw = 0; draw < draws; draw++)
        {
            double[] sample = [.. values.Select((value, i) => value + errors[i] * Normal(random))];
            wins[MetricMath.ArgMax(sample)]++;
        }
        for (int i = 0; i < values.Length; i++)
        {
            double counted = (double)wins[i] / draws;
            // Five standard errors of the count.
            Assert.AreEqual(counted, ArgMaxProbability.Of(i, values, errors), 5 * Math.Sqrt(0.25 / draws));
        }
    }

    private static double Normal(CounterRandom random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
