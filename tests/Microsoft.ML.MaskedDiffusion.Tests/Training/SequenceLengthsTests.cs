using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Corpora.Packed;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Training;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class SequenceLengthsTests
{
    [TestMethod]
    public void WithARatioOfZeroEveryMicroBatchIsWhole()
    {
        var lengths = new SequenceLengths(0, 64, 1);
        Assert.IsTrue(Enumerable.Range(0, 100).All(i => lengths[i] == 64));
    }

    [TestMethod]
    public void TheShareThatIsCutIsTheRatioAndItsLengthsAreUniform()
    {
        const int Draws = 20000, Length = 8;
        var lengths = new SequenceLengths(0.4, Length, 7);
        var counts = new int[Length + 1];
        for (int i = 0; i < Draws; i++)
            counts[lengths[i]]++;
        Assert.AreEqual(0, counts[0]);
        for (int length = 1; length <= Length; length++)
        {
            double share = 0.4 / Length + (length == Length ? 0.6 : 0);
            // Five standard deviations; the seed is fixed.
            Assert.AreEqual(share, (double)counts[length] / Draws, 5 * Math.Sqrt(share * (1 - share) / Draws), $"length {length}");
        }
    }

    [TestMethod]
    public void ACutBatchHoldsTheFirstIdsOfItsBlocks()
    {
        var blocks = new PackedBlocks(Storage(12), 4);
        var batch = new TokenBatch(2, 4, 2, 1, RandomPurpose.Mask);
        batch.Clear(3);
        batch.Add(blocks, 0, 0);
        batch.Add(blocks, 2, 1);
        CollectionAssert.AreEqual(new long[] { 0, 1, 2 }, batch.Row(0).ToArray());
        CollectionAssert.AreEqual(new long[] { 8, 9, 10 }, batch.Row(1).ToArray());
        batch.Clear();
        batch.Add(blocks, 1, 0);
        Assert.AreEqual(1, batch.Count);
        CollectionAssert.AreEqual(new long[] { 4, 5, 6, 7 }, batch.Row(0).ToArray());
    }

    private static TokenStorage Storage(int count)
    {
        var storage = new TokenStorage(100);
        storage.Append(Enumerable.Range(0, count).ToArray());
        return storage;
    }
}
