using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Corpora.Packed;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class PublishedOrderTests
{
    [TestMethod]
    public void AnyPositionCanBeAskedForInAnyOrder()
    {
        var forward = new PublishedOrder(fileCount: 5, blocksPerFile: 4, filesAtOnce: 2, seed: 7);
        int[] inOrder = [.. Enumerable.Range(0, 60).Select(i => forward[i])];
        // Two files at once: each eight blocks are two whole files, and the fifth file waits for ever.
        foreach (int[] generation in inOrder[..56].Chunk(8))
            Assert.HasCount(2, generation.GroupBy(block => block / 4).Where(file => file.Distinct().Count() == 4));
        Assert.HasCount(16, inOrder.Distinct());
        var random = new PublishedOrder(fileCount: 5, blocksPerFile: 4, filesAtOnce: 2, seed: 7);
        foreach (int i in new[] { 59, 3, 30, 29, 0, 58, 8 })
            Assert.AreEqual(inOrder[i], random[i], $"block {i}");
    }

    [TestMethod]
    public void TooFewFilesAreRefused() =>
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() =>
            new PublishedOrder(fileCount: 1, blocksPerFile: 4, filesAtOnce: 2, seed: 7)).Message, "the number of files is 1");

    [TestMethod]
    public void WeightsDecideTheSharesAndPositionsCanBeAskedForInAnyOrder()
    {
        WeightedOrder Mixed() =>
            new([(new BlockOrder(30, 1), 0), (new BlockOrder(50, 2), 30), (new BlockOrder(7, 3), 80)], [0.3, 0.7, 0], seed: 5);
        WeightedOrder forward = Mixed();
        int[] blocks = [.. Enumerable.Range(0, 4000).Select(i => forward[i])];
        // Five standard deviations of a share of 4,000 draws; the seed is fixed.
        Assert.AreEqual(0.3, blocks.Count(block => block < 30) / 4000.0, 5 * Math.Sqrt(0.3 * 0.7 / 4000));
        Assert.DoesNotContain(block => block >= 80, blocks);
        // Within each data set the order is the set's own.
        var own = new BlockOrder(30, 1);
        int[] first = [.. blocks.Where(block => block < 30)];
        for (int i = 0; i < first.Length; i++)
            Assert.AreEqual(own[i], first[i]);
        WeightedOrder random = Mixed();
        foreach (int i in new[] { 3999, 17, 18, 18, 0, 2500 })
            Assert.AreEqual(blocks[i], random[i], $"block {i}");
    }
}
