using Microsoft.ML.MaskedDiffusion.Corpora;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class BlockOrderTests
{
    private static int[] Epoch(BlockOrder order, int epoch, int count) =>
        [.. Enumerable.Range(0, count).Select(i => order[(long)epoch * count + i])];

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(57)]
    public void EveryEpochIsAPermutation(int count)
    {
        var order = new BlockOrder(count, seed: 4);
        for (int epoch = 0; epoch < 5; epoch++)
            CollectionAssert.AreEquivalent(Enumerable.Range(0, count).ToArray(), Epoch(order, epoch, count));
    }

    [TestMethod]
    public void EpochsAndSeedsDiffer()
    {
        int[] first = Epoch(new BlockOrder(100, 1), 0, 100);
        CollectionAssert.AreNotEqual(first, Epoch(new BlockOrder(100, 1), 1, 100));
        CollectionAssert.AreNotEqual(first, Epoch(new BlockOrder(100, 2), 0, 100));
        CollectionAssert.AreNotEqual(first, Enumerable.Range(0, 100).ToArray());
    }

    [TestMethod]
    public void ARunCanStartAnywhere()
    {
        var whole = new BlockOrder(30, 7);
        int[] all = [.. Enumerable.Range(0, 100).Select(i => whole[i])];
        var resumed = new BlockOrder(30, 7);
        for (int i = 47; i < 100; i++)
            Assert.AreEqual(all[i], resumed[i]);
    }
}
