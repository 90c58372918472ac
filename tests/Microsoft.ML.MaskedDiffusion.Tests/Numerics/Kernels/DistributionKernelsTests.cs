using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class DistributionKernelsTests
{
    private const float Forbidden = float.NegativeInfinity;

    [TestMethod]
    [DataRow(1, 1.0)]
    [DataRow(2, 3.0)]
    [DataRow(15, 3.0)]
    [DataRow(16, 0.1)]
    [DataRow(17, 30.0)]
    [DataRow(127, 3.0)]
    [DataRow(129, 0.001)]
    [DataRow(1000, 8.0)]
    [DataRow(32000, 0.0)]
    [DataRow(32000, 1.0)]
    [DataRow(32001, 4.0)]
    [DataRow(151_936, 2.0)]
    public void NumbersAreThoseOfAPlainLoop(int count, double deviation)
    {
        var logits = new float[count];
        for (ulong draw = 0; draw < 8; draw++)
        {
            new CounterRandom(3, draw, RandomPurpose.Example).FillNormal(logits, deviation, 0);
            for (int i = 0; i < count; i++)
                logits[i] += 5;
            // Some tokens are forbidden, some are equal, and one may be far above the others.
            for (int i = 0; draw >= 4 && i < count - 1; i += 3)
                logits[i] = Forbidden;
            if (draw % 2 == 1)
                logits[count / 2] = logits[count - 1] = 5 + (float)(draw * deviation);
            if (draw == 6)
                logits[count / 3] = 60;
            AssertClose(logits);
        }
    }

    [TestMethod]
    public void ASmallEntropyKeepsItsDigits()
    {
        foreach (float distance in new[] { 10f, 20, 40, 80 })
        {
            var logits = new float[4000];
            logits[1234] = distance;
            AssertClose(logits);
        }
    }

    [TestMethod]
    public void TheFirstOfEqualLogitsIsChosenWhereverTheyStand()
    {
        var logits = new float[100];
        foreach (int[] places in new int[][] { [0, 99], [16, 32], [33, 17], [50, 49, 48], [99] })
        {
            Array.Clear(logits);
            foreach (int place in places)
                logits[place] = 2;
            DistributionSummary summary = DistributionKernels.Summarize(logits);
            Assert.AreEqual((places.Min(), 2f, places.Length > 1 ? 2f : 0f), (summary.Id, summary.Top, summary.Second));
        }
        // Zeros of both signs are equal.
        Array.Clear(logits);
        logits[3] = -0f;
        Assert.AreEqual(0, DistributionKernels.Summarize(logits).Id);
        Array.Fill(logits, -0f);
        logits[60] = 0;
        Assert.AreEqual(0, DistributionKernels.Summarize(logits).Id);
    }

    [TestMethod]
    public void OneTokenThatIsAllowedIsCertain()
    {
        float[] logits = [.. Enumerable.Repeat(Forbidden, 70)];
        logits[69] = -3;
        Assert.AreEqual(new DistributionSummary(69, -3, Forbidden, -3, 0), DistributionKernels.Summarize(logits));
        Assert.AreEqual(new DistributionSummary(0, 7, Forbidden, 7, 0), DistributionKernels.Summarize([7]));
    }

    [TestMethod]
    public void WhatIsNoDistributionIsSeen()
    {
        Assert.ThrowsExactly<ArgumentException>(() => DistributionKernels.Summarize([]));
        Assert.AreEqual(Forbidden, DistributionKernels.Summarize([Forbidden, Forbidden]).Top);
        foreach (float bad in new[] { float.NaN, -float.NaN, float.PositiveInfinity })
        {
            foreach (int place in new[] { 0, 5, 16, 31, 32, 34 })
            {
                float[] logits = [.. Enumerable.Range(0, 35).Select(i => i % 2 == 0 ? i : Forbidden)];
                logits[place] = bad;
                DistributionSummary summary = DistributionKernels.Summarize(logits);
                Assert.IsTrue(summary.Id == -1 && float.IsNaN(summary.Top) && float.IsNaN(summary.Second), $"{bad} at {place}");
                Assert.IsTrue(double.IsNaN(summary.LogSumExp) && double.IsNaN(summary.Entropy), $"{bad} at {place}");
            }
        }
    }

    private static void AssertClose(float[] logits)
    {
        double top = logits.Max(), sum = 0, weighted = 0;
        int id = Array.IndexOf(logits, (float)top);
        for (int i = 0; i < logits.Length; i++)
        {
            if (i == id || float.IsNegativeInfinity(logits[i]))
                continue;
            double t = logits[i] - top, e = Math.Exp(t);
            (sum, weighted) = (sum + e, weighted + t * e);
        }
        // The series keeps the digits of a small sum.
        double log = sum < 1e-4 ? sum - sum * sum / 2 + sum * sum * sum / 3 : Math.Log(1 + sum), entropy = log - weighted / (1 + sum);
        float second = logits.Where((_, i) => i != id).DefaultIfEmpty(Forbidden).Max();
        DistributionSummary summary = DistributionKernels.Summarize(logits);
        Assert.AreEqual((id, (float)top, second), (summary.Id, summary.Top, summary.Second));
        Assert.AreEqual(top + log, summary.LogSumExp, 1e-6 * Math.Max(1, Math.Abs(top + log)));
        // The difference of two logits in 32 bits is off by some 1e-6 where the smaller one has a probability below 1e-9.
        Assert.AreEqual(entropy, summary.Entropy, 1e-6 * Math.Max(entropy, 1e-9));
    }
}
