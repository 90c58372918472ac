using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Corpora.Prompts;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Training;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class RowBlocksTests
{
    private const int End = 9;

    private static RowBlocks Blocks(RowPadding padding)
    {
        var blocks = new RowBlocks(10, End, padding, maxLength: 8);
        blocks.Add([1, 2], [3, End]);
        blocks.Add([], [4, End]);
        blocks.Add([5], [6, 7, 8, End]);
        return blocks;
    }

    [TestMethod]
    [DataRow(RowPadding.None, 5, 4, 2)]
    [DataRow(RowPadding.Longest, 5, 4, 2)]
    [DataRow(RowPadding.Full, 8, 8, 8)]
    public void ARowIsABlockFilledUpWithTheEnd(RowPadding padding, int length, int first, int second)
    {
        RowBlocks blocks = Blocks(padding);
        Assert.AreEqual((3, length, 11L, 0L), (blocks.Count, blocks.Length, blocks.TokenCount, ((ITokenBlocks)blocks).RepeatedTokenCount));
        Assert.AreEqual(new RowExtent(2, first), blocks.Extent(0));
        Assert.AreEqual(new RowExtent(0, second), blocks.Extent(1));
        var ids = new long[length];
        blocks.Read(0, ids);
        CollectionAssert.AreEqual(new long[] { 1, 2, 3, End }.Concat(Enumerable.Repeat((long)End, length - 4)).ToArray(), ids);
    }

    [TestMethod]
    public void OnlyRowsThatFitAndHoldAnAnswerAreTaken()
    {
        RowBlocks blocks = Blocks(RowPadding.None);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => blocks.Add([1, 2, 3, 4, 5, 6, 7, 8], [End]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => blocks.Add([1], []));
    }

    [TestMethod]
    public void ABatchTellsRowsPromptsAndPaddingApart()
    {
        var batch = new TokenBatch(2, 5, 2, seed: 1, RandomPurpose.Mask);
        batch.Add(Blocks(RowPadding.None), 0, 0);
        batch.Add(Blocks(RowPadding.None), 2, 1);
        CollectionAssert.AreEqual(new long[] { 1, 2, 3, End }, batch.Row(0).ToArray());
        CollectionAssert.AreEqual(new long[] { 5, 6, 7, 8, End }, batch.Row(1).ToArray());
        Assert.AreEqual((2, 2, 4, 6), (batch.PromptLength(0), batch.TargetCount(0), batch.TargetCount(1), batch.TargetCount()));
        // Of a row without a prompt the first id cannot be a target of next-token prediction.
        batch.Clear();
        batch.Add(Blocks(RowPadding.None), 1, 0);
        Assert.AreEqual((2, 1), (batch.TargetCount(0), batch.TargetCount(0, sourceOnlyIds: 1)));
        // Padded to the longest of the batch, the end is learned as often as it stands there.
        batch.Clear(4);
        batch.Add(Blocks(RowPadding.Longest), 1, 0);
        CollectionAssert.AreEqual(new long[] { 4, End, End, End }, batch.Row(0).ToArray());
        Assert.AreEqual(4, batch.TargetCount());
    }

    [TestMethod]
    public void TheMeanLengthIsThatOfAllWaysToDrawAMicroBatch()
    {
        int[] lengths = [2, 7, 3, 3, 8, 5];
        RowBlocks Rows(RowPadding padding)
        {
            var blocks = new RowBlocks(10, End, padding, maxLength: 8);
            foreach (int length in lengths)
                blocks.Add([], [.. Enumerable.Repeat(End, length)]);
            return blocks;
        }

        for (int size = 1; size <= 6; size++)
        {
            double[] longest = [.. Enumerable.Range(0, 1 << 6).Where(set => int.PopCount(set) == size)
                .Select(set => (double)lengths.Where((_, i) => (set >> i & 1) == 1).Max())];
            Assert.AreEqual(longest.Average(), Rows(RowPadding.Longest).MeanLength(size), 1e-12);
        }
        Assert.AreEqual(8, Rows(RowPadding.Longest).MeanLength(100), 1e-12);
        Assert.AreEqual(28 / 6.0, Rows(RowPadding.None).MeanLength(3), 1e-12);
        Assert.AreEqual(8, Rows(RowPadding.Full).MeanLength(3), 1e-12);
    }
}
