using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Corpora.Packed;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class PackedCorpusTests
{
    // Ids that the other tests' files do not hold.
    private const int Beginning = 1, End = 2;

    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    private void Write(string prefix, int files, int first, int chunkSize = 11)
    {
        using var writer = new PackedFileWriter(_folder.Path, prefix, chunkSize, 1000, 0);
        writer.Append([.. Enumerable.Range(first, files * chunkSize)]);
    }

    private PackedCorpusBlocks Open(int context = 4, int? row = null, int vocabulary = 1000, Action<PackedCorpusOptions>? change = null)
    {
        var options = new PackedCorpusOptions { Sources = [new PackedSource(_folder.Path)] };
        change?.Invoke(options);
        _ = new PackedCorpus(options);
        return new PackedCorpusBlocks(options, options.BlockLength ?? context + 1, row ?? context, vocabulary, Beginning, End);
    }

    private static long[] Row(ITokenBlocks blocks, int index)
    {
        var row = new long[blocks.Length];
        blocks.Read(index, row);
        return row;
    }

    [TestMethod]
    public void ARowIsTheStartOfABlockOfTheContextAndOneMore()
    {
        Write("train", files: 3, first: 100);
        using PackedCorpusBlocks masked = Open(), next = Open(row: 5), dense = Open(change: o => o.BlockLength = 4);
        // Files of 11 ids: two blocks of 5 in each, one id lost.
        Assert.AreEqual((6, 4, 24L), (masked.Count, masked.Length, masked.TokenCount));
        CollectionAssert.AreEqual(new long[] { 105, 106, 107, 108 }, Row(masked, 1));
        CollectionAssert.AreEqual(new long[] { 111, 112, 113, 114 }, Row(masked, 2));
        CollectionAssert.AreEqual(new long[] { 127, 128, 129, 130, 131 }, Row(next, 5));
        CollectionAssert.AreEqual(new long[] { 104, 105, 106, 107 }, Row(dense, 1));
    }

    [TestMethod]
    [DataRow(Beginning)]
    [DataRow(End)]
    public void WhatFillsUpFilesIsNeverTrainedOn(int filler)
    {
        // Files as the Python system writes them: each of its processes fills up its own last file, so any file may end so.
        int[] text = [.. Enumerable.Range(100, 12), End];
        foreach ((string prefix, int length) in new[] { ("train_a", 13), ("train_b", 3), ("train_c", 13) })
        {
            using var writer = new PackedFileWriter(_folder.Path, prefix, 40, 1000, filler);
            writer.Append(text.AsSpan(13 - length));
            writer.Complete();
        }
        void Dense(PackedCorpusOptions o) => (o.Sources, o.BlockLength) = ([new PackedSource(_folder.Path)], 4);
        using PackedCorpusBlocks blocks = Open(change: Dense);
        // 13 ids make three blocks of 4, and 3 ids none.
        Assert.AreEqual(6, blocks.Count);
        CollectionAssert.AreEqual(text[..12].Concat(text[..12]).Select(id => (long)id).ToArray(),
            Enumerable.Range(0, 6).SelectMany(i => Row(blocks, i)).ToArray());
        using PackedCorpusBlocks published = Open(change: o => { Dense(o); (o.Order, o.FilesAtOnce) = (PackedOrder.Published, 3); });
        IBlockOrder order = published.Order(0);
        int[] first = [.. Enumerable.Range(0, 12).Select(i => order[i])];
        CollectionAssert.AreEquivalent(Enumerable.Range(0, 6).ToArray(), first[..6]);
        CollectionAssert.AreEquivalent(Enumerable.Range(0, 6).ToArray(), first[6..]);
        Assert.AreEqual(first[2], order[2], "a position is reached again");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(
            () => Open(change: o => { Dense(o); o.Sources = [new PackedSource(_folder.Path, "train_b")]; })).Message, "hold 3 ids of text");
    }

    [TestMethod]
    public void OneEndOfSequenceAtTheEndOfAFileIsText()
    {
        using (var writer = new PackedFileWriter(_folder.Path, "train", 8, 1000, 0))
            writer.Append([5, 6, 7, 8, 9, 10, 11, End, 5, 6, 7, 8, 9, 10, 11, 11]);
        using PackedCorpusBlocks blocks = Open(change: o => o.BlockLength = 4);
        Assert.AreEqual(4, blocks.Count);
    }

    [TestMethod]
    public void WithoutWeightsEachBlockComesOnceAnEpoch()
    {
        Write("a", files: 3, first: 100);
        Write("b", files: 2, first: 500, chunkSize: 25);
        using PackedCorpusBlocks blocks = Open(
            change: o => o.Sources = [new PackedSource(_folder.Path, "a"), new PackedSource(_folder.Path, "b")]);
        Assert.AreEqual(6 + 10, blocks.Count);
        IBlockOrder order = blocks.Order(3), again = blocks.Order(3), other = blocks.Order(4);
        int[] two = [.. Enumerable.Range(0, 32).Select(i => order[i])];
        foreach (int[] epoch in two.Chunk(16))
            CollectionAssert.AreEquivalent(Enumerable.Range(0, 16).ToArray(), epoch);
        CollectionAssert.AreNotEqual(two[..16], two[16..]);
        CollectionAssert.AreEqual(two[20..], Enumerable.Range(20, 12).Select(i => again[i]).ToArray());
        CollectionAssert.AreNotEqual(two, Enumerable.Range(0, 32).Select(i => other[i]).ToArray());
        CollectionAssert.AreEquivalent(Enumerable.Range(0, 16).Select(i => Row(blocks, i)[0]).ToArray(),
            new long[] { 100, 105, 111, 116, 122, 127, 500, 505, 510, 515, 520, 525, 530, 535, 540, 545 });
    }

    [TestMethod]
    public void WithWeightsDataSetsAreDrawnByThem()
    {
        Write("a", files: 3, first: 100);
        Write("b", files: 3, first: 500);
        using PackedCorpusBlocks blocks = Open(
            change: o => o.Sources = [new PackedSource(_folder.Path, "a", 3), new PackedSource(_folder.Path, "b", 1)]);
        IBlockOrder order = blocks.Order(3);
        int[] drawn = [.. Enumerable.Range(0, 2000).Select(i => order[i])];
        // Five standard deviations; the seed is fixed.
        Assert.AreEqual(0.75, drawn.Count(block => Row(blocks, block)[0] < 500) / 2000.0, 5 * Math.Sqrt(0.75 * 0.25 / 2000));
        Assert.HasCount(12, drawn.Distinct());
        // The two sets, of one size, are not in one order.
        CollectionAssert.AreNotEqual(
            drawn.Where(block => block < 6).Take(6).ToArray(),
            drawn.Where(block => block >= 6).Take(6).Select(block => block - 6).ToArray());
    }

    [TestMethod]
    public void TheIdentityFollowsFilesAndOptions()
    {
        Write("train", files: 3, first: 100);
        string Identity(Action<PackedCorpusOptions>? change = null)
        {
            using PackedCorpusBlocks blocks = Open(change: change);
            return blocks.Identity;
        }
        var seen = new HashSet<string> { Identity() };
        Assert.IsFalse(seen.Add(Identity()));
        Assert.IsTrue(seen.Add(Identity(o => o.BlockLength = 4)));
        Assert.IsTrue(seen.Add(Identity(o => (o.Order, o.FilesAtOnce) = (PackedOrder.Published, 2))));
        Assert.IsTrue(seen.Add(Identity(o => (o.Order, o.FilesAtOnce) = (PackedOrder.Published, 3))));
        Assert.IsTrue(seen.Add(Identity(o => o.Sources = [new PackedSource(_folder.Path, "train", 1)])));
        string path = _folder.File("train_0000000001.bin");
        byte[] bytes = File.ReadAllBytes(path);
        bytes[30]++;
        File.WriteAllBytes(path, bytes);
        Assert.IsTrue(seen.Add(Identity()));
    }

    [TestMethod]
    public void WhatCannotBeTrainedOnIsRefused()
    {
        Write("train", files: 3, first: 100);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(
            () => Open(vocabulary: 120)).Message, "train_0000000001.bin, byte 42: token id 120 is not in 0..119");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Open(context: 11)).Message, "holds no block of 12");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => Open(change: o => o.BlockLength = 3)).Message, "BlockLength is 3; it must be at least 4");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => Open(change: o => o.Order = PackedOrder.Published)).Message, "FilesAtOnce is 8; it must be at most 3");
        StringAssert.Contains(new PackedCorpus(new PackedCorpusOptions { Sources = [new PackedSource(_folder.Path)] })
            .ToString(), "3 packed files of 33 tokens");
    }
}
