using System.IO.Compression;
using System.Text.Json;
using Mdm;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The tool's commands that look into models and convert them.</summary>
[TestClass]
public sealed class CommandLineFileTests
{
    private static readonly ToolFiles Files = new();

    [ClassCleanup]
    public static void Delete() => Files.Dispose();

    [TestMethod]
    public void AModelGoesThroughAllFormsUnchanged()
    {
        using var folder = new TemporaryFolder();
        string[] forms = ["first", "second.mdm", "third.zip", "fourth"];
        string from = Files.Model;
        foreach (string form in forms)
        {
            JsonElement report = ToolRun.Done("convert", from, folder.File(form), "--json").Objects.Single();
            Assert.AreEqual(folder.File(form), report.GetProperty("target").GetString());
            from = folder.File(form);
        }
        foreach (string file in Directory.GetFiles(folder.File("first"), "*", SearchOption.AllDirectories))
        {
            string other = Path.Combine(folder.File("fourth"), Path.GetRelativePath(folder.File("first"), file));
            CollectionAssert.AreEqual(File.ReadAllBytes(file), File.ReadAllBytes(other), file);
        }
        CollectionAssert.AreEqual(File.ReadAllBytes(Files.Model), File.ReadAllBytes(folder.File("second.mdm")));
    }

    [TestMethod]
    public void AttentionCanBeMadeToGoByBlocks()
    {
        using var folder = new TemporaryFolder();
        string target = folder.File("blocks.mdm");
        _ = ToolRun.Done("convert", Files.Model, target, "--attention-blocks", "8");
        Assert.AreEqual(8, MaskedDiffusionModel.ReadConfig(target).AttentionBlockSize);
        Assert.AreEqual(8, ToolRun.Done("inspect", target, "--json").Objects.Single().GetProperty("attentionBlocks").GetInt32());
        ToolRun refused = ToolRun.Of("convert", Files.Model, folder.File("b.mdm"), "--attention-blocks", "0");
        Assert.AreNotEqual(ExitCode.Done, refused.ExitCode);
        StringAssert.Contains(refused.Error, "AttentionBlockSize");
        Assert.IsFalse(File.Exists(folder.File("b.mdm")));
    }

    [TestMethod]
    public void WhatIsThereIsReplacedOnlyIfAsked()
    {
        using var folder = new TemporaryFolder();
        string target = folder.File("lm.mdm");
        File.WriteAllText(target, "a model that took a week");
        ToolRun refused = ToolRun.Of("convert", Files.Model, target);
        Assert.AreEqual(ExitCode.WrongUsage, refused.ExitCode);
        StringAssert.Contains(refused.Error, $"There is something at {target} already");
        Assert.AreEqual("a model that took a week", File.ReadAllText(target));
        // The library replaces its own files alone, even if asked.
        Assert.AreEqual(ExitCode.WrongUsage, ToolRun.Of("convert", Files.Model, target, "--overwrite").ExitCode);
        File.Copy(Files.Model, target, overwrite: true);
        StringAssert.Contains(ToolRun.Done("convert", Files.Model, target, "--overwrite").Output, target);
    }

    [TestMethod]
    public void WeightsAloneNeedANetworkAndATokenizer()
    {
        ToolRun run = ToolRun.Of("convert", "mdm.safetensors", "lm.mdm");
        Assert.AreEqual(ExitCode.WrongUsage, run.ExitCode);
        StringAssert.Contains(run.Error, "--preset");
        StringAssert.Contains(ToolRun.Of("convert", Files.Model, "lm.mdm", "--preset", "6M").Error, "leave --preset and --tokenizer out");
    }

    [TestMethod]
    [DataRow("lm", "model folder")]
    [DataRow("lm.mdm", "model archive")]
    [DataRow("lm.zip", "pipeline of ML.NET")]
    public void EachFormOfAModelSaysWhatItIs(string name, string kind)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File(name);
        _ = ToolRun.Done("convert", Files.Model, path);
        JsonElement facts = ToolRun.Done("inspect", path, "--json").Objects.Single();
        Assert.AreEqual(kind, facts.GetProperty("kind").GetString());
        Assert.AreEqual("masked diffusion", facts.GetProperty("objective").GetString());
        Assert.AreEqual(TinyModel.ContextLength, facts.GetProperty("context").GetInt32());
        using MaskedDiffusionModel model = MaskedDiffusionModel.Load(Files.Model);
        Assert.AreEqual(model.Tokenizer.VocabularySize, facts.GetProperty("tokenizerVocabulary").GetInt32());
        Assert.AreEqual(model.Config.ParameterCount, facts.GetProperty("parameters").GetInt64());
        StringAssert.Contains(ToolRun.Done("inspect", path).Output, "context:                       24 tokens");
    }

    [TestMethod]
    public void AModelIsConvertedToFewerBits()
    {
        using var folder = new TemporaryFolder();
        foreach (WeightType type in new[] { WeightType.BFloat16, WeightType.Int8 })
        {
            string path = folder.File($"{type}.mdm");
            ToolRun.Done("convert", Files.Model, path, "--weights", $"{type}");
            using MaskedDiffusionModel model = MaskedDiffusionModel.Load(path, "cpu");
            Assert.AreEqual(type, model.WeightType);
            long saved = new FileInfo(Files.Model).Length - new FileInfo(path).Length;
            Assert.AreEqual(model.Config.WeightBytes(WeightType.Float32) - model.Config.WeightBytes(type), saved, 4096);
        }
    }

    [TestMethod]
    public void WeightsSayTheirTensors()
    {
        using var folder = new TemporaryFolder();
        _ = ToolRun.Done("convert", Files.Model, folder.File("lm"));
        string weights = Path.Combine(folder.File("lm"), "model.safetensors");
        JsonElement facts = ToolRun.Done("inspect", weights, "--json").Objects.Single();
        using MaskedDiffusionModel model = MaskedDiffusionModel.Load(Files.Model);
        Assert.AreEqual(model.Config.ParameterCount, facts.GetProperty("parameters").GetInt64());
        Assert.AreEqual("F32", facts.GetProperty("precision")[0].GetString());
        Assert.AreEqual($"F32 [{model.Config.VocabularySize},32]", facts.GetProperty("shapes").GetProperty("lm_head.weight").GetString());
        if (!OperatingSystem.IsWindows())
        {
            // As in the cache of a model hub, where a download may also have left a link that leads nowhere.
            File.CreateSymbolicLink(folder.File("l.safetensors"), weights);
            File.CreateSymbolicLink(Path.Combine(folder.File("lm"), "nowhere"), "missing");
            Assert.AreEqual(0, ToolRun.Of("inspect", folder.File("lm")).Error.Length);
            JsonElement linked = ToolRun.Done("inspect", folder.File("l.safetensors"), "--json").Objects.Single();
            Assert.AreEqual(facts.GetProperty("size").GetInt64(), linked.GetProperty("size").GetInt64());
        }
        File.WriteAllBytes(folder.File("cut.safetensors"), File.ReadAllBytes(weights)[..100]);
        ToolRun cut = ToolRun.Of("inspect", folder.File("cut.safetensors"));
        Assert.AreEqual(ExitCode.Failed, cut.ExitCode);
        StringAssert.Contains(cut.Error, "cut off");
    }

    [TestMethod]
    public void AnArchiveWithTwoEntriesOfOneNameIsDamaged()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("lm.mdm");
        using (ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create))
        {
            archive.CreateEntry("config.json");
            archive.CreateEntry("config.json");
        }
        ToolRun refused = ToolRun.Of("inspect", path);
        Assert.AreEqual(ExitCode.Failed, refused.ExitCode, refused.Error);
        StringAssert.Contains(refused.Error, $"{path} is damaged: it has more than one entry named config.json.");
    }

    [TestMethod]
    public void APublishedFolderSaysWhatItIsAndTakes()
    {
        using var published = new PublishedFolder("dream");
        JsonElement facts = ToolRun.Done("inspect", published.Path, "--json").Objects.Single();
        Assert.AreEqual("Dream", facts.GetProperty("modelType").GetString());
        Assert.AreEqual(116, facts.GetProperty("maskToken").GetInt32());
        Assert.AreEqual(2, facts.GetProperty("headsWithKeys").GetInt32());
        TransformerConfig config = MaskedDiffusionModel.ReadConfig(published.Path);
        foreach (WeightType type in new[] { WeightType.Int8, WeightType.BFloat16, WeightType.Float32 })
            Assert.AreEqual(config.WeightBytes(type), facts.GetProperty($"memoryIn{type}").GetInt64(), $"{type}");
        published.Edit("config.json", json => json["use_mrope"] = true);
        ToolRun refused = ToolRun.Of("inspect", published.Path);
        Assert.AreEqual(ExitCode.Failed, refused.ExitCode);
        StringAssert.Contains(refused.Error, "use_mrope");
    }

    [TestMethod]
    public void WhatIsNothingKnownIsRefused()
    {
        ToolRun text = ToolRun.Of("inspect", Files.Text);
        Assert.AreEqual(ExitCode.Failed, text.ExitCode);
        StringAssert.Contains(text.Error, "no model, no published model, no adapter, no checkpoint");
        Assert.AreEqual(ExitCode.Failed, ToolRun.Of("inspect", "no-such-file").ExitCode);
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("state.json"), "{\"step\": 3}");
        ToolRun foreign = ToolRun.Of("inspect", folder.Path);
        Assert.AreEqual(ExitCode.Failed, foreign.ExitCode);
        StringAssert.Contains(foreign.Error, "looks like a checkpoint, but is damaged or another program's");
    }
}
