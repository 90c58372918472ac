using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class CounterRandomTests
{
    // The known-answer vectors that Random123 (the authors' own implementation) publishes for philox4x32-10.
    [TestMethod]
    [DataRow(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [DataRow(
        0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [DataRow(
        0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void PhiloxGivesThePublishedAnswers(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint v0, uint v1, uint v2, uint v3) =>
        Assert.AreEqual(new PhiloxBlock(v0, v1, v2, v3), CounterRandom.Philox(c0, c1, c2, c3, k0, k1));

    [TestMethod]
    public void ASeedMeansTheSameDrawsForEver()
    {
        var random = new CounterRandom(0, 0, RandomPurpose.Initialization);
        CollectionAssert.AreEqual(
            new[] { 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u },
            Enumerable.Range(0, 4).Select(_ => random.NextUInt32()).ToArray());
    }

    [TestMethod]
    public void SeedStreamAndPurposeEachChangeTheDraws()
    {
        ulong First(ulong seed, ulong stream, RandomPurpose purpose) => new CounterRandom(seed, stream, purpose).NextUInt64();
        ulong[] draws =
        [
            First(1, 1, RandomPurpose.Mask), First(2, 1, RandomPurpose.Mask), First(1, 2, RandomPurpose.Mask),
            First(1, 1, RandomPurpose.Sampling),
            First(1UL << 40, 1, RandomPurpose.Mask), First(1, 1UL << 40, RandomPurpose.Mask),
        ];
        Assert.AreEqual(draws.Length, draws.Distinct().Count());
        Assert.AreEqual(draws[0], First(1, 1, RandomPurpose.Mask));
    }

    [TestMethod]
    public void UniformDrawsHaveTheRightMeanVarianceAndRange()
    {
        var random = new CounterRandom(7, 11, RandomPurpose.NoiseLevel);
        const int Count = 200_000;
        double sum = 0, squares = 0;
        for (int i = 0; i < Count; i++)
        {
            double u = (i & 1) == 0 ? random.NextDouble() : random.NextSingle();
            Assert.IsTrue(u is >= 0 and < 1);
            sum += u;
            squares += u * u;
        }
        double mean = sum / Count, variance = squares / Count - mean * mean;
        Assert.AreEqual(0.5, mean, 5 * Math.Sqrt(1.0 / 12 / Count)); // five standard errors
        Assert.AreEqual(1.0 / 12, variance, 5 * Math.Sqrt(1.0 / 180 / Count));
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    [DataRow(10)]
    [DataRow(1_500_000_000)]
    public void IntegersAreUniformBelowTheirLimit(int limit)
    {
        var random = new CounterRandom(3, 5, RandomPurpose.Sampling);
        const int Count = 60_000;
        double sum = 0;
        for (int i = 0; i < Count; i++)
        {
            int value = random.NextInt32(limit);
            Assert.IsTrue(value >= 0 && value < limit);
            sum += value;
        }
        double deviation = Math.Sqrt(((double)limit * limit - 1) / 12);
        Assert.AreEqual((limit - 1) / 2.0, sum / Count, 5 * deviation / Math.Sqrt(Count) + 1e-12);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => random.NextInt32(0));
    }

    [TestMethod]
    public void EveryOrderOfThreeItemsIsEquallyLikely()
    {
        var random = new CounterRandom(1, 2, RandomPurpose.Shuffle);
        var counts = new Dictionary<string, int>();
        const int Count = 12_000;
        for (int i = 0; i < Count; i++)
        {
            char[] items = ['a', 'b', 'c'];
            random.Shuffle(items.AsSpan());
            string order = new(items);
            counts[order] = counts.GetValueOrDefault(order) + 1;
        }
        Assert.AreEqual(6, counts.Count);
        // Chi-square with 5 degrees of freedom: 20.5 is the 99.9 % quantile.
        Limit.Below(20.5, counts.Values.Sum(c => Math.Pow(c - Count / 6.0, 2) / (Count / 6.0)));
    }

    [TestMethod]
    public void NormalDrawsHaveTheirMomentsAndCanBeFilledInPieces()
    {
        var random = new CounterRandom(9, 1, RandomPurpose.Initialization);
        float[] whole = new float[100_003];
        random.FillNormal(whole, 2.0);
        float[] piece = new float[1001];
        random.FillNormal(piece, 2.0, firstBlock: 25);
        CollectionAssert.AreEqual(whole.AsSpan(100, piece.Length).ToArray(), piece);
        double mean = whole.Average(x => (double)x), second = whole.Average(x => (double)x * x);
        double fourth = whole.Average(x => Math.Pow(x, 4));
        Assert.AreEqual(0, mean, 5 * 2 / Math.Sqrt(whole.Length));
        Assert.AreEqual(4, second, 5 * 4 * Math.Sqrt(2.0 / whole.Length));
        Assert.AreEqual(48, fourth, 5 * 16 * Math.Sqrt(96.0 / whole.Length));
    }
}
