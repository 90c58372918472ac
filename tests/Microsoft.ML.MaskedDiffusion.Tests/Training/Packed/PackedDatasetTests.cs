using Microsoft.ML.MaskedDiffusion.Training.Packed;

namespace Microsoft.ML.MaskedDiffusion.Tests.Training.Packed;

[TestClass]
public sealed class PackedDatasetTests
{
    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    public void WrittenFilesHoldEveryDocumentOnceAndTheSeparatorAfterThem()
    {
        var writer = new PackedFileWriter(_folder.Path, "train", chunkSize: 10, vocabularySize: 100, separatorId: 1);
        int[] tokens = [.. Enumerable.Range(2, 37)];
        writer.Add(tokens.AsSpan(0, 5));
        writer.Add(tokens.AsSpan(5));
        writer.Complete();
        Assert.AreEqual(4, writer.FileCount);
        long[] read = ReadAll(blockLength: 5, blocks: 8);
        CollectionAssert.AreEquivalent(tokens.Select(t => (long)t).Concat([1L, 1, 1]).ToArray(), read);
        CollectionAssert.AreEqual(new[] { "train_0000000000.bin", "train_0000000001.bin", "train_0000000002.bin", "train_0000000003.bin" },
            Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Order().ToArray());
    }

    [TestMethod]
    public void LargeVocabulariesTakeFourBytes()
    {
        var writer = new PackedFileWriter(_folder.Path, "train", chunkSize: 2, vocabularySize: 70_000, separatorId: 0);
        writer.Add([69_999, 65_536]);
        CollectionAssert.AreEquivalent(new long[] { 69_999, 65_536 }, ReadAll(blockLength: 1, blocks: 2));
    }

    [TestMethod]
    public void AnyPositionCanBeReadInAnyOrder()
    {
        Write(files: 5, chunkSize: 12);
        using PackedDataset forward = Open(blockLength: 3);
        long[][] inOrder = [.. Enumerable.Range(0, 60).Select(i => Block(forward, i))];
        using PackedDataset random = Open(blockLength: 3);
        foreach (int i in new[] { 59, 3, 30, 29, 0, 58, 8 })
            CollectionAssert.AreEqual(inOrder[i], Block(random, i), $"block {i}");
    }

    [TestMethod]
    public void CombinedPositionResumesTheOrder()
    {
        Write(files: 5, chunkSize: 12);
        using CombinedDataset whole = new([Open(3), Open(3)], [0.3, 0.7]), resumed = new([Open(3), Open(3)], [0.3, 0.7]);
        long[][] blocks = [.. Enumerable.Range(0, 40).Select(_ => Next(whole))];
        resumed.Position = 25;
        Assert.AreEqual(25, resumed.Position);
        for (int i = 25; i < 40; i++)
            CollectionAssert.AreEqual(blocks[i], Next(resumed), $"block {i}");
    }

    [TestMethod]
    public void AlteredFilesAreRefused()
    {
        Write(files: 2, chunkSize: 12);
        string file = Path.Combine(_folder.Path, "train_0000000000.bin");
        byte[] bytes = File.ReadAllBytes(file);
        for (int i = 0; i < 24; i++)
        {
            byte[] altered = [.. bytes];
            altered[i] ^= 0x40;
            File.WriteAllBytes(file, altered);
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Block(Open(3), 0), $"byte {i}").Message, "train_0000000000.bin");
        }
        File.WriteAllBytes(file, bytes[..^1]);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Block(Open(3), 0)).Message, "truncated");
    }

    [TestMethod]
    public void TooFewFilesAreRefused()
    {
        Write(files: 1, chunkSize: 12);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Open(3)).Message, "rank 0 of 1 has 1");
    }

    private PackedDataset Open(int blockLength) => new(Directory.GetFiles(_folder.Path), filesAtOnce: 2, blockLength, seed: 7);

    private void Write(int files, int chunkSize)
    {
        var writer = new PackedFileWriter(_folder.Path, "train", chunkSize, vocabularySize: 1000, separatorId: 0);
        writer.Add([.. Enumerable.Range(1, files * chunkSize)]);
    }

    private static long[] Block(PackedDataset data, long position)
    {
        var block = new long[3];
        data.Read(position, block);
        return block;
    }

    private static long[] Next(CombinedDataset data)
    {
        var block = new long[3];
        data.ReadNext(block);
        return block;
    }

    private long[] ReadAll(int blockLength, int blocks)
    {
        using var data = new PackedDataset(Directory.GetFiles(_folder.Path), filesAtOnce: 1, blockLength, shuffle: false);
        var ids = new long[blockLength * blocks];
        for (int i = 0; i < blocks; i++)
            data.Read(i, ids.AsSpan(i * blockLength, blockLength));
        return ids;
    }
}
