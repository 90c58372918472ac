using Mdm.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What the tool has made is saved somewhere.</summary>
[TestClass]
public sealed class FreePlaceTests
{
    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    [DataRow("adapter")]
    [DataRow("lm.mdm")]
    public void WhatTheDiskRefusesGoesToTheFolderForTemporaryFiles(string name)
    {
        string path = _folder.File(name), saved = "";
        IOException error = Assert.ThrowsExactly<IOException>(() => FreePlace.Save("adapter", path, place =>
        {
            if (place == path)
                throw new UnauthorizedAccessException("No rights.");
            File.WriteAllText(saved = place, "made");
        }));
        try
        {
            Assert.AreEqual($"The adapter could not be saved to {path}, so it was saved to {saved}. No rights.", error.Message);
            Assert.AreEqual(Path.GetTempPath().TrimEnd('/'), Path.GetDirectoryName(saved));
            Assert.AreEqual("made", File.ReadAllText(saved));
        }
        finally
        {
            File.Delete(saved);
        }
    }

    [TestMethod]
    public void WhereBothRefuseTheFirstErrorIsTold()
    {
        int tries = 0;
        string message = Assert.ThrowsExactly<IOException>(
            () => FreePlace.Save("model", _folder.File("lm"), _ => throw new IOException($"{++tries}"))).Message;
        Assert.AreEqual(("1", 2), (message, tries));
    }
}
