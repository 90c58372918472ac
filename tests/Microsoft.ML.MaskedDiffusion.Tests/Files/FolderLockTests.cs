using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class FolderLockTests
{
    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    private FolderLock Take() => new(_folder.File("run"), "checkpoint folder", "Options.Folder");

    [TestMethod]
    public void AFolderIsHeldOnce()
    {
        using (Take())
        {
            string message = Assert.ThrowsExactly<IOException>(Take).Message;
            foreach (string part in new[] { "checkpoint folder", _folder.File("run"), "another training", "Options.Folder" })
                StringAssert.Contains(message, part);
        }
        Take().Dispose();
    }

    [TestMethod]
    public void AFolderThatCannotBeMadeIsNamedWithItsOption()
    {
        string file = _folder.File("file");
        File.WriteAllText(file, "mine");
        foreach (string path in new[] { file, Path.Combine(file, "below") })
        {
            IOException error = Assert.ThrowsExactly<IOException>(() => new FolderLock(path, "token folder", "Checkpoints.TokenFolder"));
            StringAssert.Contains(error.Message, $"The token folder {path} cannot be made: ");
            StringAssert.Contains(error.Message, "Set Checkpoints.TokenFolder to another folder.");
        }
        Assert.AreEqual("mine", File.ReadAllText(file));
    }

    [TestMethod]
    public void TheLockFileOfAKilledProcessDoesNotHold()
    {
        Directory.CreateDirectory(_folder.File("run"));
        File.WriteAllText(_folder.File("run/.lock"), "");
        Take().Dispose();
    }

    [TestMethod]
    public void TakingItRemovesWhatCrashedWritersLeft()
    {
        Directory.CreateDirectory(_folder.File("run"));
        string stem = _folder.File("run/.step-000000004.0123456789abcdef0123456789abcdef");
        File.WriteAllText(stem + ".mdm-lock", "");
        Directory.CreateDirectory(stem + ".mdm-part");
        using (Take())
            CollectionAssert.AreEqual(
                new[] { ".lock" }, Directory.GetFileSystemEntries(_folder.File("run")).Select(Path.GetFileName).ToArray());
    }
}
