using Microsoft.ML.MaskedDiffusion.Search;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class SobolSequenceTests
{
    [TestMethod]
    public void EachCoordinateHasOnePointInEveryIntervalOfEachSize()
    {
        for (int dimension = 0; dimension < SobolSequence.MostDimensions; dimension++)
        {
            for (int bits = 0; bits <= 10; bits++)
            {
                int count = 1 << bits;
                IEnumerable<ulong> points = Enumerable.Range(0, count).Select(i => (ulong)SobolSequence.Coordinate((uint)i, dimension));
                ulong[] intervals = [.. points.Select(point => point >> (32 - bits))];
                Assert.AreEqual(count, intervals.Distinct().Count(), $"dimension {dimension}, 2^{bits} points");
            }
        }
    }

    [TestMethod]
    public void TheFirstTwoCoordinatesHaveOnePointInEverySquare()
    {
        const int Side = 16;
        static ulong Place(int i, int dimension) => (ulong)SobolSequence.Coordinate((uint)i, dimension) * Side >> 32;
        Assert.AreEqual(Side * Side, Enumerable.Range(0, Side * Side).Select(i => (Place(i, 0), Place(i, 1))).Distinct().Count());
    }
}
