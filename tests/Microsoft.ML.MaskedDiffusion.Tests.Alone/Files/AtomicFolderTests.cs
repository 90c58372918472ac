using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class AtomicFolderTests
{
    private readonly TemporaryFolder _folder = new();

    private static OwnFiles Any(string folder) =>
        new([.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file))]);

    private static OwnFiles OnlyA(string folder) => new(["a"]);

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    private string[] Names => NamesIn(_folder.Path);

    private static string[] NamesIn(string folder) =>
        [.. Directory.GetFileSystemEntries(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static void Put(string folder, string name, string content) =>
        DurableFiles.Create(Path.Combine(folder, name), stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(content)));

    [TestMethod]
    public void AFolderWithSomebodysFilesIsNotReplaced()
    {
        string path = _folder.File("model");
        Directory.CreateDirectory(path);
        AtomicFolder.Write(path, OnlyA, aside => Put(aside, "a", "1"));
        foreach (string foreign in new[] { "notes", "inner/notes", ".hidden" })
        {
            string file = Path.Combine(path, foreign);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, "mine");
            StringAssert.Contains(Assert.ThrowsExactly<IOException>(
                () => AtomicFolder.Write(path, OnlyA, aside => Put(aside, "a", "2"))).Message, Path.GetFileName(file));
            Assert.AreEqual("mine", File.ReadAllText(file));
            Assert.AreEqual("1", File.ReadAllText(Path.Combine(path, "a")));
            File.Delete(file);
        }
    }

    [TestMethod]
    public void AFolderThatProvesNothingIsNotReplacedUnlessItIsEmpty()
    {
        string path = _folder.File("model");
        Directory.CreateDirectory(path);
        static OwnFiles Doubted(string folder) => OwnFiles.None("it has no list");
        AtomicFolder.Write(path, Doubted, aside => Put(aside, "a", "1"));
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(
            () => AtomicFolder.Write(path, Doubted, aside => Put(aside, "a", "2"))).Message, "it has no list");
        Assert.AreEqual("1", File.ReadAllText(Path.Combine(path, "a")));
    }

    [TestMethod]
    public void EmptyFoldersOfAUserAreNotLost()
    {
        string path = _folder.File("model");
        AtomicFolder.Write(path, OnlyA, aside => Put(aside, "a", "1"));
        Directory.CreateDirectory(Path.Combine(path, "plans", "later"));
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(
            () => AtomicFolder.Write(path, OnlyA, aside => Put(aside, "a", "2"))).Message, "plans/later");
        Assert.IsTrue(Directory.Exists(Path.Combine(path, "plans", "later")));
    }

    [TestMethod]
    public void AReplacedFolderIsNeverMissing()
    {
        // The two names are exchanged in one step: whoever looks finds the old folder or the new one, at any moment.
        string path = _folder.File("model");
        AtomicFolder.Write(path, Any, aside => Put(aside, "a", "0"));
        // Windows cannot exchange names; there the folder may be missing for a moment.
        bool exchanges = DurableFiles.TryExchange(path, path);
        Assert.IsTrue(exchanges || !OperatingSystem.IsLinux(), "the file systems that the tests run on can");
        using var done = new CancellationTokenSource();
        using var looked = new CountdownEvent(1);
        Task<int> watching = Task.Run(() =>
        {
            int missing = 0;
            while (!done.IsCancellationRequested)
            {
                missing += Directory.Exists(path) ? 0 : 1;
                if (!looked.IsSet)
                    looked.Signal();
            }
            return missing;
        });
        looked.Wait();
        for (int i = 1; i <= 50; i++)
            AtomicFolder.Write(path, Any, aside => Put(aside, "a", $"{i}"));
        done.Cancel();
        int missing = watching.GetAwaiter().GetResult();
        Assert.IsTrue(missing == 0 || !exchanges, $"the folder was missing {missing} times");
        Assert.AreEqual("50", File.ReadAllText(Path.Combine(path, "a")));
        CollectionAssert.AreEqual(new[] { "model" }, Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).ToArray());
    }

    [TestMethod]
    public void AFolderIsCreatedAndReplaced()
    {
        string path = _folder.File("model");
        AtomicFolder.Write(path, Any, aside =>
        {
            Put(aside, "a", "1");
            Directory.CreateDirectory(Path.Combine(aside, "inner"));
            Put(aside, "inner/b", "2");
            Assert.IsFalse(Directory.Exists(path));
        });
        Assert.AreEqual("2", File.ReadAllText(Path.Combine(path, "inner", "b")));
        AtomicFolder.Write(path + Path.DirectorySeparatorChar, Any, aside =>
        {
            Put(aside, "c", "3");
            Assert.AreEqual("1", File.ReadAllText(Path.Combine(path, "a")), "the old one stays until the new one is whole");
        });
        CollectionAssert.AreEqual(new[] { "c" }, NamesIn(path));
        CollectionAssert.AreEqual(new[] { "model" }, Names);
    }

    [TestMethod]
    public void AFailureHalfwayLeavesTheOldFolder()
    {
        string path = _folder.File("model");
        AtomicFolder.Write(path, Any, aside => Put(aside, "a", "old"));
        Exception[] failures = [new IOException("disk full"), new OperationCanceledException(), new InvalidOperationException("a bug")];
        foreach (Exception failure in failures)
        {
            Exception thrown = Assert.Throws<Exception>(() => AtomicFolder.Write(path, Any, aside =>
            {
                Put(aside, "a", "half");
                throw failure;
            }));
            Assert.AreSame(failure, thrown);
            Assert.AreEqual("old", File.ReadAllText(Path.Combine(path, "a")));
            CollectionAssert.AreEqual(new[] { "model" }, Names);
        }
    }

    [TestMethod]
    public void FilesAreAddedToAFolderWithOthers()
    {
        Put(_folder.Path, "notes", "mine");
        AtomicFolder.AddFiles(_folder.Path, "train", aside =>
        {
            Put(aside, "train_0", "0");
            Put(aside, "train_1", "1");
            CollectionAssert.IsSubsetOf(new[] { "notes" }, Names);
            Assert.IsFalse(Names.Any(name => name.StartsWith("train", StringComparison.Ordinal)));
        });
        CollectionAssert.AreEqual(new[] { "notes", "train_0", "train_1" }, Names);
    }

    [TestMethod]
    public void FilesThatCannotAllBeAddedAreNotAdded()
    {
        Put(_folder.Path, "train_1", "mine");
        Assert.Throws<IOException>(() => AtomicFolder.AddFiles(_folder.Path, "train", aside =>
        {
            Put(aside, "train_0", "0");
            Put(aside, "train_1", "1");
        }));
        Assert.ThrowsExactly<OperationCanceledException>(() => AtomicFolder.AddFiles(_folder.Path, "train", aside =>
        {
            Put(aside, "train_2", "2");
            throw new OperationCanceledException();
        }));
        CollectionAssert.AreEqual(new[] { "train_1" }, Names);
        Assert.AreEqual("mine", File.ReadAllText(_folder.File("train_1")));
    }

    [TestMethod]
    public void AFolderIsDeleted()
    {
        AtomicFolder.Write(_folder.File("model"), Any, aside => Put(aside, "a", "1"));
        AtomicFolder.Delete(_folder.File("model"));
        Assert.IsEmpty(Names);
    }

    [TestMethod]
    public void AFullDiskLeavesTheOldFolder()
    {
        using TinyDisk disk = TinyDisk.Require(256);
        string path = disk.File("model");
        AtomicFolder.Write(path, Any, aside => Put(aside, "a", "old"));
        Assert.ThrowsExactly<IOException>(() =>
            AtomicFolder.Write(path, Any, aside => DurableFiles.Create(
                Path.Combine(aside, "a"), stream => stream.Write(new byte[1 << 20]))));
        Assert.AreEqual("old", File.ReadAllText(Path.Combine(path, "a")));
        CollectionAssert.AreEqual(new[] { "model" }, NamesIn(disk.Path));
    }
}
