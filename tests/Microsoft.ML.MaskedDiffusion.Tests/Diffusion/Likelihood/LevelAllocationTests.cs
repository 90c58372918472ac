using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class LevelAllocationTests
{
    [TestMethod]
    public void EverySizeIsCountedOnceWithinTheBudget()
    {
        for (int length = 2; length <= 70; length++)
        {
            foreach (int samples in new[] { 3, 4, 5, 8, 15, 16, 31, 64, 128, 1000 })
            {
                LevelAllocation allocation = LevelAllocation.Create(length, samples);
                int[] levels = [.. allocation.Whole, .. allocation.Strata.SelectMany(stratum => stratum.Levels)];
                CollectionAssert.AreEquivalent(Enumerable.Range(1, length).ToArray(), levels, $"{length} {samples}");
                double masks = allocation.Whole.Sum(level => Combinations.Count(length, level))
                    + allocation.Strata.Sum(stratum => stratum.Draws);
                Assert.IsTrue(masks <= samples && masks >= Math.Min(samples - 1, Math.Pow(2, length) - 1), $"{length} {samples}: {masks}");
                Assert.IsTrue(allocation.Strata.All(stratum => stratum.Draws >= 2));
            }
        }
    }

    [TestMethod]
    public void ALossThatCountsHiddenTokensIsEstimatedWithoutNoise()
    {
        // If every hidden token costs exactly one nat the answer costs L nats, whatever is drawn.
        foreach (int length in new[] { 2, 3, 5, 9, 40, 300 })
        {
            foreach (int samples in new[] { 3, 10, 129 })
            {
                MaskRound round = ((MaskMethod)LikelihoodMethod.ExactCount).Plan(new RoundKey(length, samples, 32, null, 1, 2, 0));
                (double value, EstimateError error) = round.Combine([.. round.Masks.Select(mask => (double)mask.Hidden.Length)]);
                Assert.AreEqual(length, value, 1e-9 * length);
                Assert.AreEqual(0, error.Variance, 1e-18);
            }
        }
    }

    [TestMethod]
    public void MasksAreSetsOfDistinctPositions()
    {
        MaskRound round = ((MaskMethod)LikelihoodMethod.ExactCount).Plan(new RoundKey(30, 100, 32, null, 1, 2, 0));
        foreach (AnswerMask mask in round.Masks)
        {
            CollectionAssert.AreEqual(mask.Hidden.Distinct().Order().ToArray(), mask.Hidden);
            Assert.IsTrue(mask.Hidden.Length > 0 && mask.Hidden[0] >= 0 && mask.Hidden[^1] < 30);
        }
    }

    [TestMethod]
    public void OptionsOfOneQuestionHideTheSamePositions()
    {
        MaskRound Round(int length) => ((MaskMethod)LikelihoodMethod.MonteCarlo).Plan(new RoundKey(length, 64, 32, null, 1, 99, 0));
        foreach ((AnswerMask shorter, AnswerMask longer) in Round(8).Masks.Zip(Round(11).Masks))
            CollectionAssert.AreEqual(shorter.Hidden, longer.Hidden.Where(position => position < 8).ToArray());
    }

    [TestMethod]
    public void CombinationsAreAllThereOnce()
    {
        for (int n = 1; n <= 9; n++)
        {
            for (int k = 1; k <= n; k++)
            {
                string[] all = [.. Combinations.All(n, k).Select(set => string.Join(' ', set))];
                Assert.AreEqual(Combinations.Count(n, k), all.Length);
                Assert.AreEqual(all.Length, all.Distinct().Count());
            }
        }
        Assert.AreEqual(601080390, Combinations.Count(32, 16));
        Assert.AreEqual(double.PositiveInfinity, Combinations.Count(2000, 1000));
    }
}
