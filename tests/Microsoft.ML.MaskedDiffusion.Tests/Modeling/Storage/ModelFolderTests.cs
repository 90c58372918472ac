using System.IO.Compression;
using System.Text.Json.Nodes;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What happens to a folder, and to the files of a user in it, when a model is saved there.</summary>
[TestClass]
public sealed class ModelFolderTests
{
    private readonly TemporaryFolder _folder = new();
    private readonly MaskedDiffusionModel _model = TinyModel.Create();

    [TestCleanup]
    public void Free()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [TestMethod]
    public void AModelIsReplacedByAnother()
    {
        _model.Save(_folder.File("model"));
        using MaskedDiffusionModel other = TinyModel.Create(99);
        other.Save(_folder.File("model"));
        using MaskedDiffusionModel loaded = MaskedDiffusionModel.Load(_folder.File("model"), "cpu");
        AssertSame(other, loaded);
        CollectionAssert.AreEqual(new[] { "model" }, Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).ToArray());
    }

    [TestMethod]
    public void AFolderWithFilesOfAUserIsNotReplaced()
    {
        string path = _folder.File("model"), notes = Path.Combine(path, "tokenizer", "notes.txt");
        _model.Save(path);
        File.WriteAllText(notes, "mine");
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => _model.Save(path)).Message, "tokenizer/notes.txt");
        Assert.AreEqual("mine", File.ReadAllText(notes));
    }

    [TestMethod]
    [DataRow("notes.txt")]
    [DataRow("manifest.json")]
    public void AFolderWithoutAModelIsNotReplaced(string name)
    {
        string path = _folder.File("project");
        Directory.CreateDirectory(path);
        // The manifest of something else is no reason to remove it.
        File.WriteAllText(Path.Combine(path, name), """{"name": "an extension of a browser"}""");
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => _model.Save(path)).Message, path);
        CollectionAssert.AreEqual(new[] { name }, Directory.GetFileSystemEntries(path).Select(Path.GetFileName).ToArray());
    }

    [TestMethod]
    [DataRow("mine")]
    [DataRow("tokenizer/mine/later")]
    public void EmptyFoldersOfAUserAreNotRemoved(string name)
    {
        string path = _folder.File("model"), mine = Path.Combine(path, name);
        _model.Save(path);
        Directory.CreateDirectory(mine);
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => _model.Save(path)).Message, name);
        Assert.IsTrue(Directory.Exists(mine));
        Directory.Delete(mine);
    }

    [TestMethod]
    public void ACheckpointIsNotReplacedByAModel()
    {
        string path = _folder.File("step-000000002");
        _model.Save(path);
        // A checkpoint has a manifest of the same form, which lists other files.
        string manifest = Path.Combine(path, "manifest.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("config.json", "state.json", StringComparison.Ordinal));
        File.Move(Path.Combine(path, "config.json"), Path.Combine(path, "state.json"));
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => _model.Save(path)).Message, "not a saved model's");
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("notes.txt")]
    public void AnArchiveThatIsNoSavedModelIsNotReplaced(string more)
    {
        string path = _folder.File("mine.mdm");
        _model.Save(path);
        using (ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Update))
        {
            if (more.Length > 0)
                archive.CreateEntry(more);
            else
                archive.GetEntry("config.json")!.Delete();
            archive.GetEntry("manifest.json")!.Delete();
            using var writer = new StreamWriter(archive.CreateEntry("manifest.json").Open());
            writer.Write("""{"name": "an extension of a browser"}""");
        }
        byte[] mine = File.ReadAllBytes(path);
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => _model.Save(path)).Message, "no saved model");
        CollectionAssert.AreEqual(mine, File.ReadAllBytes(path));
    }

    [TestMethod]
    public void AnArchiveWithFilesOfAUserIsNotReplaced()
    {
        string path = _folder.File("mine.mdm");
        _model.Save(path);
        _model.Save(path);
        using (ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Update))
            archive.CreateEntry("notes.txt");
        Assert.ThrowsExactly<IOException>(() => _model.Save(path));
    }

    [TestMethod]
    public void TheRootOfADiskIsNeitherSearchedNorReplaced()
    {
        string root = Path.GetPathRoot(_folder.Path)!;
        var watch = System.Diagnostics.Stopwatch.StartNew();
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => _model.Save(root)).Message, "root of a disk");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => MaskedDiffusionModel.Load(root, "cpu")).Message,
            "manifest.json");
        Limit.Below(10.0, watch.Elapsed.TotalSeconds);
    }

    [TestMethod]
    public void AFileIsNotWrittenOverAFolder()
    {
        var ml = new MLContext(1);
        using LikelihoodScoringTransformer transformer = ml.MaskedDiffusion().ScoreLikelihood(_model)
            .Fit(ml.Data.LoadFromEnumerable(new[] { new TextRow() }));
        foreach (string name in new[] { "a.mdm", "a.zip" })
        {
            string path = _folder.File(name);
            Directory.CreateDirectory(path);
            string message = Assert.ThrowsExactly<IOException>(() =>
            {
                if (name == "a.mdm")
                    _model.Save(path);
                else
                    ml.MaskedDiffusion().SaveModel(transformer, null, path);
            }).Message;
            StringAssert.Contains(message, $"{path} is a folder");
            Assert.IsFalse(message.Contains("Free space", StringComparison.Ordinal), message);
        }
    }

    [TestMethod]
    public void ManySmallTokenizerFilesMayNotBeLargeTogether()
    {
        string path = _folder.File("model"), manifest = Path.Combine(path, "manifest.json");
        _model.Save(path);
        // Each file alone would be read; what they claim together is refused before any of them is.
        JsonNode claimed = JsonNode.Parse(File.ReadAllText(manifest))!;
        foreach (string name in new[] { "tokenizer/merges.txt", "tokenizer/vocab.json" })
            claimed["files"]![name]!["bytes"] = 200L << 20;
        File.WriteAllText(manifest, claimed.ToJsonString());
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => MaskedDiffusionModel.Load(path, "cpu")).Message,
            "419430400 bytes in all");
    }

    [TestMethod]
    public void AModelWhoseReplacementWasKilledIsFound()
    {
        const string Stem = ".model.0123456789abcdef0123456789abcdef";
        _model.Save(_folder.File(Stem + ".mdm-old"));
        Directory.CreateDirectory(_folder.File(Stem + ".mdm-part"));
        File.WriteAllText(_folder.File(Stem + ".mdm-lock"), "");
        using MaskedDiffusionModel loaded = MaskedDiffusionModel.Load(_folder.File("model"), "cpu");
        AssertSame(_model, loaded);
        CollectionAssert.AreEqual(new[] { "model" }, Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).ToArray());
    }

    private static void AssertSame(MaskedDiffusionModel expected, MaskedDiffusionModel actual)
    {
        using var one = new MemoryStream();
        using var other = new MemoryStream();
        expected.Save(one);
        actual.Save(other);
        CollectionAssert.AreEqual(one.ToArray(), other.ToArray());
    }
}
