using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.MaskedDiffusion.Corpora.Packed;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.MaskedDiffusion.Training.Checkpoints;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// A file that a later version of the library wrote, in a format of a higher number and with fields that nobody knows yet: the message says
/// so and names the number.
/// </summary>
[TestClass]
public sealed class NewerVersionTests
{
    private const int Later = 7;

    private static readonly string Stored = Path.Combine(AppContext.BaseDirectory, "Fixtures", "v1");

    private readonly MLContext _ml = new(1);
    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void OfAPipeline(bool hasOtherFields)
    {
        JsonObject header = JsonNode.Parse(File.ReadAllText(Path.Combine(Stored, "headers", "trained.json")))!.AsObject();
        header["Format"] = Later;
        if (hasOtherFields)
        {
            header.Remove("Settings");
            header["Sha256"] = new JsonObject { ["Body"] = "0" };
        }
        StringAssert.Contains(Refusal([header.ToJsonString(), ""]), $"format {Later}");
    }

    [TestMethod]
    [DataRow("option")]
    [DataRow("transform")]
    public void OfAPipelineWithATransformOrAnOptionThatIsUnknown(string unknown)
    {
        byte[] body = File.ReadAllBytes(Path.Combine(Stored, "model.mdm"));
        CarrierHeader header = CarrierHeader.Parse(File.ReadAllText(Path.Combine(Stored, "headers", "trained.json"))) with
        {
            Library = "7.8.9",
            Length = body.Length,
            Sha256 = HashingStream.HashOf(body),
        };
        header = unknown == "transform"
            ? header with { Kind = "unheard" }
            : header with { Settings = JsonSerializer.SerializeToElement(new { Unheard = "of" }) };
        string message = Refusal(CarrierBlob.Encode(CarrierHeader.Parse(header.ToText()), body));
        StringAssert.Contains(message, $"Version 7.8.9 of the library wrote it, and this is version {LibraryVersion.Release}: "
            + "load it with that version.");
        StringAssert.Contains(message, "nheard");
    }

    [TestMethod]
    public void OfACheckpointsState()
    {
        string written = Directory.GetDirectories(Path.Combine(Stored, FixtureWriter.Run), "step-*").Single();
        JsonObject state = JsonNode.Parse(File.ReadAllText(Path.Combine(written, CheckpointState.Name)))!.AsObject();
        (state["library"], state["unheard"]) = ("7.8.9+build", "of");
        File.WriteAllText(_folder.File(CheckpointState.Name), state.ToJsonString());
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => CheckpointState.Read(_folder.Path)).Message, "Version 7.8.9 of the library");
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void OfAModel(bool isArchive)
    {
        string path = _folder.File(isArchive ? "model.mdm" : "model");
        if (isArchive)
        {
            File.Copy(Path.Combine(Stored, "model.mdm"), path);
            using ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Update);
            ZipArchiveEntry entry = archive.GetEntry(ModelManifest.Name)!;
            string later;
            using (var reader = new StreamReader(entry.Open()))
                later = Raise(reader.ReadToEnd());
            entry.Delete();
            using Stream stream = archive.CreateEntry(ModelManifest.Name).Open();
            stream.Write(Encoding.UTF8.GetBytes(later));
        }
        else
        {
            Copy(Path.Combine(Stored, "model"), path);
            RaiseFile(Path.Combine(path, ModelManifest.Name));
        }
        AssertNames(Assert.ThrowsExactly<InvalidDataException>(() => MaskedDiffusionModel.Load(path, "cpu")));
    }

    [TestMethod]
    public void OfACheckpoint()
    {
        string run = _folder.File("run");
        Copy(Path.Combine(Stored, FixtureWriter.Run), run);
        ZipFile.ExtractToDirectory(Path.Combine(run, FixtureWriter.TokensArchive), run);
        File.Delete(Path.Combine(run, FixtureWriter.TokensArchive));
        RaiseFile(Path.Combine(Directory.GetDirectories(run, "step-*").Single(), ModelManifest.Name));
        AssertNames(Assert.ThrowsExactly<InvalidDataException>(() => new MaskedDiffusionTrainer(_ml, FixtureTrainings.Diffusion(run))
            .Fit(FixtureRow.View(FixtureRow.Training))));
    }

    [TestMethod]
    public void OfATokenFolder()
    {
        ZipFile.ExtractToDirectory(Path.Combine(Stored, FixtureWriter.Run, FixtureWriter.TokensArchive), _folder.Path);
        string packed = _folder.File(Path.Combine("tokens", "packed"));
        RaiseFile(Path.Combine(packed, TokenManifest.Name));
        var error = Assert.ThrowsExactly<InvalidDataException>(() => TokenManifest.Read(packed));
        AssertNames(error);
        StringAssert.EndsWith(error.Message, "Load it with the version that saved it.");
    }

    [TestMethod]
    public void OfPackedTokens()
    {
        Copy(Path.Combine(Stored, FixtureWriter.Packed), _folder.File("packed"));
        foreach (string path in Directory.GetFiles(_folder.File("packed"), "*.bin"))
        {
            byte[] bytes = File.ReadAllBytes(path);
            bytes[7] = Later;
            File.WriteAllBytes(path, bytes);
        }
        PackedCorpusOptions options = new() { Sources = [new PackedSource(_folder.File("packed"), "train")], BlockLength = 16 };
        AssertNames(Assert.ThrowsExactly<InvalidDataException>(
            () => new PackedCorpusBlocks(options, blockLength: 16, rowLength: 16, FixtureWriter.Bytes.Known!.VocabularySize).Dispose()));
    }

    // Why a zip with this blob is not loaded.
    private string Refusal(string[] chunks)
    {
        KeyValuePair<int, string[]>[] blob = [new(CarrierNames.BlobKey, chunks)];
        IDataView rows = Components.View(1);
        ITransformer carrier = _ml.Transforms.CustomMapping<CarrierNoInput, CarrierKeyRow>(CarrierKeyFactory.Map, CarrierNames.KeyContract)
            .Append(_ml.Transforms.Conversion.MapValue<int, string>(CarrierNames.Blob, blob, CarrierNames.Key)).Fit(rows);
        string zip = _folder.File("later.zip");
        _ml.Model.Save(carrier, rows.Schema, zip);
        string message = Assert.ThrowsExactly<InvalidDataException>(() => _ml.MaskedDiffusion().LoadModel(zip, out _)).Message;
        StringAssert.Contains(message, zip);
        return message;
    }

    private static void AssertNames(Exception error) => StringAssert.Contains(error.Message, $"version {Later}");

    private static void RaiseFile(string path) => File.WriteAllText(path, Raise(File.ReadAllText(path)));

    // Another number, a field more, and one that holds something else than it did.
    private static string Raise(string json)
    {
        JsonObject root = JsonNode.Parse(json)!.AsObject();
        root["version"] = Later;
        root["unheard"] = "of";
        root["files"] = new JsonObject { ["groups"] = 3 };
        return root.ToJsonString();
    }

    private static void Copy(string source, string target)
    {
        foreach (string path in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(target, Path.GetRelativePath(source, path));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(path, copy);
        }
    }
}
