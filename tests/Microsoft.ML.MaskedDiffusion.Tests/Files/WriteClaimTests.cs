using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// What crashed writers leave is removed, and nothing else. A writer "crashes" here by leaving its files without its open lock.
/// </summary>
[TestClass]
public sealed class WriteClaimTests
{
    private const string Id = "0123456789abcdef0123456789abcdef";

    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    private string[] Names =>
        [.. Directory.GetFileSystemEntries(_folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private void Leave(string name) => File.WriteAllText(_folder.File(name), name);

    private void LeaveFolder(string name)
    {
        Directory.CreateDirectory(_folder.File(name));
        File.WriteAllText(Path.Combine(_folder.File(name), "content"), name);
    }

    [TestMethod]
    public void TheNextWriteRemovesWhatACrashedOneLeft()
    {
        Leave($".lm.mdm.{Id}.mdm-lock");
        Leave($".lm.mdm.{Id}.mdm-part");
        AtomicFile.Write(_folder.File("other"), stream => stream.WriteByte(1));
        CollectionAssert.AreEqual(new[] { "other" }, Names);
    }

    [TestMethod]
    public void FilesOfAUserStay()
    {
        string[] names =
        [
            ".lm.mdm-lock", $".{Id}.mdm-lock", $".lm.{Id[1..]}.mdm-lock", $".lm.{Id}.mdm-lock.bak", $".lm.{Id.ToUpperInvariant()}.mdm-lock",
            $"lm.{Id}.mdm-lock", ".lm.tmp", $".other.{Id}.mdm-part", $".lm.{Id}", "notes.txt",
        ];
        foreach (string name in names)
            Leave(name);
        // Files of earlier builds look like a user's, so they stay too.
        LeaveFolder($".folder.{Id}");
        LeaveFolder($".folder.{Id}.old");
        LeaveFolder($".alone.{Id}.mdm-old");
        string[] before = Names;
        WriteClaim.CleanUp(_folder.Path);
        CollectionAssert.AreEqual(before, Names);
    }

    [TestMethod]
    public void AWriterThatIsAliveIsLeftAlone()
    {
        using (var alive = new WriteClaim(_folder.File("lm")))
        {
            File.WriteAllText(alive.Part, "half");
            WriteClaim.CleanUp(_folder.Path);
            Assert.IsTrue(File.Exists(alive.Part));
        }
        // Now it is gone, and left something.
        Assert.HasCount(2, Names);
        WriteClaim.CleanUp(_folder.Path);
        Assert.IsEmpty(Names);
    }

    [TestMethod]
    public void AFolderThatWasMovedAwayIsPutBack()
    {
        Leave($".model.{Id}.mdm-lock");
        LeaveFolder($".model.{Id}.mdm-old");
        LeaveFolder($".model.{Id}.mdm-part");
        WriteClaim.CleanUp(_folder.Path);
        CollectionAssert.AreEqual(new[] { "model" }, Names);
        Assert.AreEqual($".model.{Id}.mdm-old", File.ReadAllText(_folder.File("model/content")));
    }

    [TestMethod]
    public void AFolderThatWasReplacedIsRemoved()
    {
        LeaveFolder("model");
        Leave($".model.{Id}.mdm-lock");
        LeaveFolder($".model.{Id}.mdm-old");
        WriteClaim.CleanUp(_folder.Path);
        CollectionAssert.AreEqual(new[] { "model" }, Names);
        Assert.AreEqual("model", File.ReadAllText(_folder.File("model/content")));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void AFailureBetweenOrAfterTheRenamesIsUndone(bool replaced)
    {
        string target = _folder.File("model");
        using (var claim = new WriteClaim(target))
        {
            LeaveFolder("model");
            Directory.Move(target, claim.Old);
            Directory.CreateDirectory(claim.Part);
            if (replaced)
                Directory.Move(claim.Part, target);
            claim.Undo(target);
        }
        CollectionAssert.AreEqual(new[] { "model" }, Names);
        Assert.AreEqual("model", File.ReadAllText(_folder.File("model/content")));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void AFailureBehindThePlacingIsUndone(bool isFile)
    {
        string target = _folder.File("model"), content = isFile ? target : Path.Combine(target, "content");
        void Put(string name)
        {
            if (isFile)
                Leave(name);
            else
                LeaveFolder(name);
        }
        Put("model");
        // Where names cannot be exchanged, the file that a new one replaces is gone at once.
        bool isBack = !isFile || DurableFiles.TryExchange(target, target);
        using (var claim = new WriteClaim(target))
        {
            Put(Path.GetFileName(claim.Part));
            claim.Place(target);
            Assert.AreEqual(Path.GetFileName(claim.Part), File.ReadAllText(content));
            claim.Undo(target);
            Assert.IsTrue(isBack == (File.ReadAllText(content) == "model"));
            // What is undone is not undone once more.
            claim.Undo(target);
        }
        CollectionAssert.AreEqual(new[] { "model" }, Names);
        Assert.IsTrue(isBack == (File.ReadAllText(content) == "model"));
    }

    [TestMethod]
    public void WhatCannotBeRemovedOfAReplacedFolderStaysForTheNextTime()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("Only Linux is known to rename a folder in which nothing may be changed.");
            return;
        }
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, Looking =
            UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
            | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        LeaveFolder("model");
        string path = _folder.File("model");
        File.SetUnixFileMode(path, Looking);
        File.SetUnixFileMode(_folder.Path, Looking | UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite);
        try
        {
            OrdinaryUser.Run(() =>
            {
                AtomicFolder.Write(path, _ => new OwnFiles(["content"]), aside => File.WriteAllText(Path.Combine(aside, "content"), "new"));
                return true;
            });
            Assert.AreEqual("new", File.ReadAllText(Path.Combine(path, "content")));
        }
        finally
        {
            File.SetUnixFileMode(_folder.Path, Owner);
            foreach (string folder in Directory.GetDirectories(_folder.Path))
                File.SetUnixFileMode(folder, Owner);
        }
        Assert.HasCount(2, Directory.GetDirectories(_folder.Path), "what stood there before is left");
        WriteClaim.CleanUp(_folder.Path);
        CollectionAssert.AreEqual(new[] { "model" }, Names);
    }

    [TestMethod]
    public void AFolderThatMayBeWrittenButNotReadIsWrittenTo()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("Windows has no Unix permissions.");
            return;
        }
        string path = _folder.File("a.txt"), content = "";
        const UnixFileMode WriteOnly =
            UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
            | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(_folder.Path, WriteOnly);
        try
        {
            content = OrdinaryUser.Run(() =>
            {
                Assert.ThrowsExactly<UnauthorizedAccessException>(() => Directory.GetFiles(_folder.Path));
                AtomicFile.Write(path, stream => stream.Write("content"u8));
                return File.ReadAllText(path);
            });
        }
        finally
        {
            File.SetUnixFileMode(_folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        Assert.AreEqual("content", content);
        CollectionAssert.AreEqual(new[] { "a.txt" }, Names);
    }

    [TestMethod]
    public void AFolderThatMayNotBeReadIsNotTakenForOurs()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("Windows has no Unix permissions.");
            return;
        }
        LeaveFolder("drop");
        string path = _folder.File("drop");
        const UnixFileMode All = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        File.SetUnixFileMode(path, UnixFileMode.None);
        try
        {
            string message = OrdinaryUser.Run(
                () => Assert.ThrowsExactly<IOException>(() => OwnFiles.None("nothing").FirstOther(path)).Message);
            StringAssert.Contains(message, path);
            StringAssert.Contains(message, "Grant the right to read it");
        }
        finally
        {
            File.SetUnixFileMode(path, All);
        }
    }

    [TestMethod]
    public void AMissingFolderHasNothingToCleanUp() => WriteClaim.CleanUp(_folder.File("missing"));
}
