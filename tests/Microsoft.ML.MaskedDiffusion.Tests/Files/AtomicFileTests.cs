using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class AtomicFileTests
{
    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    private string[] Names =>
        [.. Directory.GetFileSystemEntries(_folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [TestMethod]
    public void AFileIsCreatedAndReplaced()
    {
        string path = _folder.File("a.txt");
        AtomicFile.Write(path, stream => stream.Write("one, which is longer"u8));
        Assert.AreEqual("one, which is longer", File.ReadAllText(path));
        AtomicFile.Write(path, stream => stream.Write("two"u8));
        Assert.AreEqual("two", File.ReadAllText(path));
        CollectionAssert.AreEqual(new[] { "a.txt" }, Names);
    }

    [TestMethod]
    public void AFailureHalfwayLeavesTheOldFile()
    {
        string path = _folder.File("a.txt");
        AtomicFile.Write(path, stream => stream.Write("old"u8));
        Exception[] failures = [new IOException("disk full"), new OperationCanceledException(), new InvalidOperationException("a bug")];
        foreach (Exception failure in failures)
        {
            Exception thrown = Assert.Throws<Exception>(() => AtomicFile.Write(path, stream =>
            {
                stream.Write("half"u8);
                throw failure;
            }));
            Assert.AreSame(failure, thrown);
            Assert.AreEqual("old", File.ReadAllText(path));
            CollectionAssert.AreEqual(new[] { "a.txt" }, Names);
        }
    }

    [TestMethod]
    public void TheOldFileStaysUntilTheNewOneIsWhole()
    {
        string path = _folder.File("a.txt");
        File.WriteAllText(path, "old");
        AtomicFile.Write(path, stream =>
        {
            stream.Write("new"u8);
            stream.Flush();
            Assert.AreEqual("old", File.ReadAllText(path));
        });
        Assert.AreEqual("new", File.ReadAllText(path));
    }

    [TestMethod]
    public void TheNameMayDependOnTheContent()
    {
        using (var file = new AtomicFile(_folder.File("a")))
        {
            file.Stream.Write("content"u8);
            file.Stream.Position = 0;
            string hash = HashingStream.HashOf(file.Stream);
            file.Commit(_folder.File($"a-{hash[..6]}.bin"));
        }
        CollectionAssert.AreEqual(new[] { "a-ed7002.bin" }, Names);
    }

    [TestMethod]
    public void WithoutACommitNothingStays()
    {
        using (var file = new AtomicFile(_folder.File("a")))
            file.Stream.Write("content"u8);
        Assert.IsEmpty(Names);
    }

    [TestMethod]
    public void TwoWritersOfOneFileDoNotDisturbEachOther()
    {
        string path = _folder.File("a.txt");
        AtomicFile.Write(path, first =>
        {
            first.Write("first"u8);
            AtomicFile.Write(path, second => second.Write("second"u8));
            Assert.AreEqual("second", File.ReadAllText(path));
        });
        Assert.AreEqual("first", File.ReadAllText(path));
        CollectionAssert.AreEqual(new[] { "a.txt" }, Names);
    }

    [TestMethod]
    public void AMissingFolderIsAnError() =>
        Assert.ThrowsExactly<DirectoryNotFoundException>(() => AtomicFile.Write(_folder.File("missing/a.txt"), _ => Assert.Fail()));

    [TestMethod]
    public void AFullDiskLeavesTheOldFile()
    {
        using TinyDisk disk = TinyDisk.Require(256);
        string path = disk.File("a.txt");
        File.WriteAllText(path, "old");
        string[] before = Directory.GetFileSystemEntries(disk.Path);
        Assert.ThrowsExactly<IOException>(() => AtomicFile.Write(path, stream => stream.Write(new byte[1 << 20])));
        // This time the bytes wait in the buffer, and the disk refuses them at the end.
        disk.Fill();
        Assert.ThrowsExactly<IOException>(() => AtomicFile.Write(path, stream => stream.Write(new byte[100])));
        File.Delete(disk.File("ballast"));
        CollectionAssert.AreEqual(before, Directory.GetFileSystemEntries(disk.Path));
        Assert.AreEqual("old", File.ReadAllText(path));
    }
}
