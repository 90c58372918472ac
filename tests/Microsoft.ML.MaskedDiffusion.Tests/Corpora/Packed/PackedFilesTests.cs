using Microsoft.ML.MaskedDiffusion.Corpora.Packed;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class PackedFilesTests
{
    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    private string Write(int chunkSize, int vocabulary, ReadOnlySpan<int> ids, string prefix = "train", int filler = 1)
    {
        using var writer = new PackedFileWriter(_folder.Path, prefix, chunkSize, vocabulary, filler);
        writer.Append(ids);
        return writer.Complete();
    }

    private long[] ReadAll(string prefix = "train", int vocabulary = 1 << 20)
    {
        using var files = new PackedFiles(_folder.Path, prefix);
        var ids = new long[files.Paths.Count * files.Header.ChunkSize];
        for (int file = 0; file < files.Paths.Count; file++)
            files.Read(file, 0, ids.AsSpan(file * (int)files.Header.ChunkSize, (int)files.Header.ChunkSize), vocabulary);
        return ids;
    }

    [TestMethod]
    public void WrittenFilesHoldEveryIdOnceInOrderAndTheFillerAfterThem()
    {
        int[] tokens = [.. Enumerable.Range(2, 37)];
        using (var writer = new PackedFileWriter(_folder.Path, "train", chunkSize: 10, vocabularySize: 100, filler: 1))
        {
            writer.Append(tokens.AsSpan(0, 5));
            writer.Append(tokens.AsSpan(5));
            Assert.AreEqual(3, writer.FileCount);
            writer.Complete();
            Assert.AreEqual((4, 40L), (writer.FileCount, writer.WrittenCount));
        }
        CollectionAssert.AreEqual(tokens.Select(t => (long)t).Concat([1L, 1, 1]).ToArray(), ReadAll());
        CollectionAssert.AreEqual(new[] { "train_0000000000.bin", "train_0000000001.bin", "train_0000000002.bin", "train_0000000003.bin" },
            Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Order().ToArray());
    }

    [TestMethod]
    public void TheHashFollowsTheIds()
    {
        string hash = Write(10, 100, [5, 6, 7], "a");
        Assert.AreEqual(hash, Write(10, 100, [5, 6, 7], "b"));
        Assert.AreNotEqual(hash, Write(10, 100, [5, 7, 6], "c"));
    }

    [TestMethod]
    public void LargeVocabulariesTakeFourBytes()
    {
        Write(2, 70_000, [69_999, 65_536]);
        CollectionAssert.AreEqual(new long[] { 69_999, 65_536 }, ReadAll());
    }

    [TestMethod]
    [DataRow(100, 26)]
    [DataRow(70_000, 28)]
    public void IdsBeyondTheVocabularyAreRefusedWithFileAndOffset(int vocabulary, int offset)
    {
        Write(2, vocabulary, [1, 2, 3, 50]);
        string message = Assert.ThrowsExactly<InvalidDataException>(() => ReadAll(vocabulary: 50)).Message;
        StringAssert.Contains(message, "train_0000000001.bin");
        StringAssert.Contains(message, $"byte {offset}: token id 50 is not in 0..49");
        CollectionAssert.AreEqual(new long[] { 1, 2, 3, 50 }, ReadAll(vocabulary: 51));
    }

    [TestMethod]
    public void ANegativeIdIsRefused()
    {
        Write(2, 70_000, [1, 2]);
        string path = _folder.File("train_0000000000.bin");
        byte[] bytes = File.ReadAllBytes(path);
        bytes.AsSpan(28).Fill(0xFF);
        File.WriteAllBytes(path, bytes);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ReadAll()).Message, "token id -1");
    }

    [TestMethod]
    public void AnIdBeyondTheVocabularyIsNotWritten() =>
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Write(2, 100, [5, 100])).Message, "0..99");

    [TestMethod]
    public void AlteredFilesAreRefused()
    {
        Write(12, 1000, [.. Enumerable.Range(1, 24)]);
        string file = _folder.File("train_0000000000.bin");
        byte[] bytes = File.ReadAllBytes(file);
        for (int i = 0; i < 24; i++)
        {
            byte[] altered = [.. bytes];
            altered[i] ^= 0x40;
            File.WriteAllBytes(file, altered);
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ReadAll(), $"byte {i}").Message, "train_0000000000.bin");
        }
        File.WriteAllBytes(file, bytes[..^1]);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ReadAll()).Message, "the file is cut off or altered");
    }

    [TestMethod]
    public void AFileCutOffWhileItIsReadIsAnError()
    {
        Write(1000, 1000, [1]);
        using var files = new PackedFiles(_folder.Path, "train");
        var ids = new long[10];
        files.Read(0, 990, ids, 1000);
        using (var stream = new FileStream(files.Paths[0], FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            stream.SetLength(1500);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => files.Read(0, 990, ids, 1000)).Message, "shorter");
    }

    [TestMethod]
    public void FilesThatDifferAreRefused()
    {
        Write(2, 100, [1, 2], "train_a");
        Write(3, 100, [1, 2], "train_b");
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => ReadAll()).Message, "train_b_0000000000.bin: its chunk size");
        CollectionAssert.AreEqual(new long[] { 1, 2 }, ReadAll("train_a"));
    }

    [TestMethod]
    public void WhatIsNotThereIsNamed()
    {
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => ReadAll("valid")).Message, "valid");
        StringAssert.Contains(
            Assert.ThrowsExactly<FileNotFoundException>(() => new PackedFiles(_folder.File("none"), "train")).Message, "none");
    }

    [TestMethod]
    public void AStreamOfIdsCrossesFilesAndEndsBeforeTheFiller()
    {
        Write(10, 100, [.. Enumerable.Range(2, 37)]);
        using var tokens = new PackedTokens(new PackedFiles(_folder.Path, "train"), 37, 100, "id");
        var ids = new long[25];
        tokens.CopyTo(7, ids);
        CollectionAssert.AreEqual(Enumerable.Range(9, 25).Select(id => (long)id).ToArray(), ids);
        tokens.CopyTo(12, ids);
        Assert.AreEqual(38, ids[^1]);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => tokens.CopyTo(13, ids));
        foreach (int count in new[] { 30, 41 })
            Assert.ThrowsExactly<InvalidDataException>(() => new PackedTokens(new PackedFiles(_folder.Path, "train"), count, 100, "id"));
    }

    [TestMethod]
    public void MoreFilesThanAreKeptOpenAreRead()
    {
        Write(1, 1000, [.. Enumerable.Range(0, 600)]);
        for (int pass = 0; pass < 2; pass++)
            CollectionAssert.AreEqual(Enumerable.Range(0, 600).Select(id => (long)id).ToArray(), ReadAll());
    }
}
