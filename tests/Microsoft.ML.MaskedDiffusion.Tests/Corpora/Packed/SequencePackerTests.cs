using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Corpora.Packed;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class SequencePackerTests
{
    private const int Eos = 9;

    private static (PackedBlocks Blocks, List<long> Stream) Pack(int blockLength, params int[] documentLengths)
    {
        var tokens = new TokenStorage(10);
        var packer = new SequencePacker(tokens, Eos);
        var stream = new List<long>();
        var random = new Random(3);
        foreach (int length in documentLengths)
        {
            int[] document = [.. Enumerable.Range(0, length).Select(_ => random.Next(0, Eos))];
            packer.Add(document);
            stream.AddRange(document.Select(id => (long)id));
            stream.Add(Eos);
        }
        Assert.AreEqual(documentLengths.Length, packer.DocumentCount);
        Assert.AreEqual(stream.Count, packer.TokenCount);
        return (new PackedBlocks(tokens, blockLength), stream);
    }

    private static long[] Joined(PackedBlocks blocks)
    {
        var all = new long[blocks.Count * blocks.Length];
        for (int i = 0; i < blocks.Count; i++)
            blocks.Read(i, all.AsSpan(i * blocks.Length, blocks.Length));
        return all;
    }

    [TestMethod]
    [DataRow(4)]
    [DataRow(7)]
    [DataRow(16)]
    [DataRow(27)]
    public void EveryTokenStandsOnceInOrderAndTheTailRepeatsTheStart(int blockLength)
    {
        (PackedBlocks blocks, List<long> stream) = Pack(blockLength, 5, 0, 12, 1, 3, 8, 2);
        long[] all = Joined(blocks);
        CollectionAssert.AreEqual(stream, all[..stream.Count]);
        CollectionAssert.AreEqual(stream[..(all.Length - stream.Count)], all[stream.Count..]);
        Assert.AreEqual(all.Length - stream.Count, blocks.RepeatedTokenCount);
        Limit.Below(blockLength, blocks.RepeatedTokenCount);
        Assert.AreEqual(stream.Count, blocks.TokenCount);
    }

    [TestMethod]
    public void ACorpusShorterThanABlockGoesRoundUntilTheBlockIsFull()
    {
        (PackedBlocks blocks, List<long> stream) = Pack(11, 2, 1);
        Assert.AreEqual(1, blocks.Count);
        long[] block = Joined(blocks);
        for (int i = 0; i < block.Length; i++)
            Assert.AreEqual(stream[i % stream.Count], block[i]);
        Assert.AreEqual(6, blocks.RepeatedTokenCount);
    }

    [TestMethod]
    public void NothingIsRepeatedWhenTheBlocksComeOutEven()
    {
        (PackedBlocks blocks, _) = Pack(4, 3, 7);
        Assert.AreEqual(3, blocks.Count);
        Assert.AreEqual(0, blocks.RepeatedTokenCount);
    }

    [TestMethod]
    [DataRow(65536, 2L)]
    [DataRow(65537, 4L)]
    public void StorageCostsTwoBytesATokenWhereIdsFit(int vocabulary, long bytesPerToken)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        var storage = new TokenStorage(vocabulary);
        const int Count = (1 << 20) + 5;
        for (int i = 0; i < Count; i++)
            storage.Append([i % vocabulary]);
        // Two chunks, and some bytes for the lists of them.
        long chunks = 2 * (1L << 20) * bytesPerToken;
        Assert.IsInRange(chunks, chunks + 10_000, GC.GetAllocatedBytesForCurrentThread() - before);
        var read = new long[Count];
        storage.CopyTo(0, read);
        for (int i = 0; i < Count; i++)
            Assert.AreEqual(i % vocabulary, read[i]);
        var last = new long[8];
        storage.CopyTo(Count - 8, last);
        CollectionAssert.AreEqual(read[^8..], last);
    }

    [TestMethod]
    [DataRow(-1)]
    [DataRow(10)]
    public void AnIdOutsideTheVocabularyIsRefused(int id)
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new SequencePacker(new TokenStorage(10), Eos).Add([1, id]));
        StringAssert.Contains(error.Message, "0..9");
    }

    [TestMethod]
    public void NoTokensCannotBePacked() => Assert.ThrowsExactly<ArgumentException>(() => new PackedBlocks(new TokenStorage(10), 4));
}
