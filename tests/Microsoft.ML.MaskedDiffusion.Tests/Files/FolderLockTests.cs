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
