using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class ResumableLogTests
{
    private static readonly KeyValuePair<string, string>[] Settings = [new("seed", "1"), new("model", "a")];

    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    private string LogPath => _folder.File("new/log.jsonl");

    private ResumableLog Open(params KeyValuePair<string, string>[] settings) =>
        ResumableLog.Open(LogPath, settings.Length > 0 ? settings : Settings);

    [TestMethod]
    public void AStoppedRunContinues()
    {
        using (ResumableLog log = Open())
        {
            Assert.AreEqual(0, log.Count);
            log.Append(["{\"a\":1}", "{\"a\":2}"]);
        }
        File.AppendAllText(LogPath, "{\"a\":");
        using (ResumableLog log = Open())
        {
            CollectionAssert.AreEqual(new[] { "{\"a\":1}", "{\"a\":2}" }, log.Read(line => line).ToArray());
            log.Append(["{\"a\":3}"]);
        }
        Assert.AreEqual("{\"model\":\"a\",\"seed\":\"1\"}\n{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n", File.ReadAllText(LogPath));
    }

    [TestMethod]
    public void ALogThatWasHardlyBegunBeginsAnew()
    {
        Open().Dispose();
        string first = File.ReadAllText(LogPath);
        foreach (int length in new[] { 0, 1, first.Length - 1 })
        {
            File.WriteAllText(LogPath, first[..length]);
            Open().Dispose();
            Assert.AreEqual(first, File.ReadAllText(LogPath));
        }
    }

    [TestMethod]
    [DataRow("a text of the user", "not a log")]
    [DataRow("a text of the user\nand more", "line 1")]
    [DataRow("{\"model\":\"b\",\"seed\":\"1\"}\n{\"a\":1}\nhalf", "model was b and is now a")]
    public void AnotherFileIsRefusedAndUnchanged(string content, string reason)
    {
        Directory.CreateDirectory(_folder.File("new"));
        File.WriteAllText(LogPath, content);
        string message = Assert.ThrowsExactly<InvalidDataException>(() => Open()).Message;
        StringAssert.Contains(message, reason);
        StringAssert.Contains(message, LogPath);
        Assert.AreEqual(content, File.ReadAllText(LogPath));
    }

    [TestMethod]
    public void EverySettingThatDiffersIsNamed()
    {
        Open().Dispose();
        string message = Assert.ThrowsExactly<InvalidDataException>(() => Open(new("seed", "2"), new("samples", "4"))).Message;
        StringAssert.Contains(message, "model was a and is now absent; samples was absent and is now 4; seed was 1 and is now 2");
    }

    [TestMethod]
    public void ADamagedLineIsNamed()
    {
        using (ResumableLog log = Open())
            log.Append(["1", "x"]);
        using ResumableLog again = Open();
        string message = Assert.ThrowsExactly<InvalidDataException>(
            () => again.Read(line => line == "x" ? throw new InvalidDataException("no number.") : line).ToArray()).Message;
        StringAssert.Contains(message, $"{LogPath}, line 3: no number.");
    }

    [TestMethod]
    public void TwoRunsDoNotWriteOneLog()
    {
        using ResumableLog first = Open();
        Assert.ThrowsExactly<IOException>(() => Open());
    }
}
