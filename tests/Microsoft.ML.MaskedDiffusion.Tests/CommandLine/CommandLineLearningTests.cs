using System.Text.Json;
using Mdm;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The tool's commands that learn.</summary>
[TestClass]
public sealed class CommandLineLearningTests
{
    private static readonly ToolFiles Files = new();

    [ClassCleanup]
    public static void Delete() => Files.Dispose();

    [TestMethod]
    public void ATrainedModelIsSavedInEachForm()
    {
        using var folder = new TemporaryFolder();
        foreach (string name in new[] { "lm.zip", "lm.mdm", "lm" })
        {
            string path = folder.File(name);
            JsonElement report = ToolRun.Done(["train", Files.Text, "--out", path, .. ToolFiles.Small, "--json"]).Objects.Single();
            Assert.AreEqual(4, report.GetProperty("steps").GetInt64());
            Assert.AreEqual("Completed", report.GetProperty("endedBy").GetString());
            Assert.IsGreaterThan(0, report.GetProperty("validationLoss").GetDouble());
            using MaskedDiffusionModel model = new MLContext(1).MaskedDiffusion().OpenModel(path);
            Assert.AreEqual(16, model.Config.ContextLength);
        }
        ToolRun again = ToolRun.Of(["train", Files.Text, "--out", folder.File("lm.zip"), .. ToolFiles.Small]);
        Assert.AreEqual(ExitCode.WrongUsage, again.ExitCode);
        StringAssert.Contains(again.Error, "--overwrite");
        string[] replace = ["train", Files.Text, "--out", folder.File("lm.zip"), .. ToolFiles.Small, "--overwrite"];
        StringAssert.Contains(ToolRun.Done(replace).Output, "nats per token");
    }

    [TestMethod]
    public void ATrainingIsRepeatedFromItsPrintedSettings()
    {
        using var folder = new TemporaryFolder();
        string first = folder.File("a.mdm"), second = folder.File("b.mdm"), config = folder.File("run.json");
        _ = ToolRun.Done(["train", Files.Text, "--out", first, .. ToolFiles.Small, "--save-config", config]);
        _ = ToolRun.Done("train", "--config", config, "--out", second);
        CollectionAssert.AreEqual(File.ReadAllBytes(first), File.ReadAllBytes(second));
    }

    [TestMethod]
    public void AnInterruptedTrainingSavesTheBestSoFar()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("lm.mdm");
        string[] arguments = ["train", Files.Text, "--out", path, .. ToolFiles.Small, "--set", "Trainer.MaxSteps=100000"];
        StringAssert.Contains(ToolRun.Interrupted(arguments).Error, $"was saved to {path}");
        using MaskedDiffusionModel model = MaskedDiffusionModel.Load(path);
        Assert.AreEqual(16, model.Config.ContextLength);
    }

    [TestMethod]
    public void ATrainingThatIsInterruptedBeforeItsFirstStepSavesNothing()
    {
        using var folder = new TemporaryFolder();
        string[] arguments = ["train", Files.Text, "--out", folder.File("lm.mdm"), .. ToolFiles.Small];
        ToolRun run = ToolRun.Of(arguments, "", null, new CancellationToken(canceled: true));
        Assert.AreEqual(ExitCode.Interrupted, run.ExitCode);
        StringAssert.Contains(run.Error, "before there was anything to save");
        Assert.IsFalse(File.Exists(folder.File("lm.mdm")));
    }

    [TestMethod]
    public void ColumnsOfTablesAndFieldsOfJsonLinesAreLearned()
    {
        using var folder = new TemporaryFolder();
        string[] texts = [.. Enumerable.Range(0, 40).Select(i => $"the cat, number {i}, sat")];
        File.WriteAllLines(folder.File("t.csv"), ["id,body", .. texts.Select((text, i) => $"{i},\"{text}\"")]);
        File.WriteAllLines(folder.File("t.tsv"), ["id\tbody", .. texts.Select((text, i) => $"{i}\t{text}")]);
        File.WriteAllLines(folder.File("t.jsonl"), texts.Select(text => $"{{\"body\":\"{text}\"}}"));
        byte[][] models = [.. new[] { "t.csv", "t.tsv", "t.jsonl" }.Select(Train)];
        CollectionAssert.AreEqual(models[0], models[1]);
        CollectionAssert.AreEqual(models[0], models[2]);
        ToolRun wrong = ToolRun.Of(["train", folder.File("t.csv"), "--column", "text", "--out", folder.File("x.mdm"), .. ToolFiles.Small]);
        Assert.AreEqual(ExitCode.WrongUsage, wrong.ExitCode);
        StringAssert.Contains(wrong.Error, "no column 'text'; its header has id, body");

        byte[] Train(string name)
        {
            string path = folder.File(name + ".mdm");
            _ = ToolRun.Done(["train", folder.File(name), "--column", "body", "--out", path, .. ToolFiles.Small]);
            return File.ReadAllBytes(path);
        }
    }

    [TestMethod]
    public void PackedTokensNeedTheirTokenizer()
    {
        using var folder = new TemporaryFolder();
        MaskedDiffusionCatalog catalog = new MLContext(1).MaskedDiffusion();
        using MaskedDiffusionModel model = MaskedDiffusionModel.Load(Files.Model);
        _ = catalog.SavePackedTokens(catalog.LoadText(Files.Text), model.Tokenizer, folder.File("packed"));
        foreach ((string name, byte[] bytes) in model.Tokenizer.Files)
            File.WriteAllBytes(folder.File(name), bytes);
        string[] arguments = ["train", folder.File("packed"), "--packed", "train", "--out", folder.File("lm.mdm"), .. ToolFiles.Small];
        string[] tokenizer = ["--tokenizer", folder.File(model.Tokenizer.Files.Keys.Order(StringComparer.Ordinal).Last())];
        Assert.AreEqual(4, ToolRun.Done([.. arguments, .. tokenizer, "--json"]).Objects.Single().GetProperty("steps").GetInt64());
        JsonElement packed = ToolRun.Done("inspect", folder.File("packed"), "--json").Objects.Single();
        Assert.AreEqual("packed tokens", packed.GetProperty("kind").GetString());
        // The folder in which a training keeps them, too.
        JsonElement kept = ToolRun.Done("inspect", folder.Path, "--json").Objects.Single();
        Assert.AreEqual(packed.GetProperty("size").GetInt64(), kept.GetProperty("size").GetInt64());
    }

    [TestMethod]
    public void AModelIsTrainedOnAfterPrompts()
    {
        using var folder = new TemporaryFolder();
        string data = folder.File("a.jsonl"), table = folder.File("a.tsv");
        File.WriteAllLines(data, Enumerable.Range(0, 30).Select(i => $"{{\"prompt\":\"who {i}\",\"answer\":\"the cat\"}}"));
        File.WriteAllLines(table, ["prompt\tanswer", .. Enumerable.Range(0, 30).Select(i => $"who {i}\tthe cat")]);
        string[] options = ["--model", Files.Model, "--max-steps", "3", "--set", "Trainer.BatchSize=4"];
        string checkpoints = folder.File("run");
        JsonElement report = ToolRun.Done(
            ["finetune", data, "--out", folder.File("a.mdm"), .. options, "--checkpoints", checkpoints, "--json"]).Objects.Single();
        Assert.AreEqual(3, report.GetProperty("steps").GetInt64());
        ToolRun second = ToolRun.Done(["finetune", table, "--out", folder.File("b.mdm"), .. options]);
        StringAssert.Contains(second.Output, "nats per token (bound)");
        foreach ((string[] wrong, string message) in new[]
        {
            (["--validation-share", "2"], "--validation-share (ValidationShare) is 2; it must be 0 up to but not 1."),
            (["--answer-field", "reply"], "no column 'reply'; its header has prompt, answer. Name its columns with --prompt-field and"),
            (new[] { "--validation-share", "0.001" }, "too few rows to hold"),
        })
        {
            ToolRun refused = ToolRun.Of(["finetune", table, "--out", folder.File("c.mdm"), .. options, .. wrong]);
            Assert.AreEqual(ExitCode.WrongUsage, refused.ExitCode, refused.Error);
            StringAssert.Contains(refused.Error, message);
        }
        CollectionAssert.AreEqual(File.ReadAllBytes(folder.File("a.mdm")), File.ReadAllBytes(folder.File("b.mdm")));
        JsonElement run = ToolRun.Done("inspect", checkpoints, "--json").Objects.Single();
        Assert.AreEqual("folder of checkpoints", run.GetProperty("kind").GetString());
        Assert.AreEqual(3, run.GetProperty("step").GetInt64());
        Assert.AreEqual("4", run.GetProperty("settings").GetProperty("BatchSize").GetString());
        ToolRun other = ToolRun.Of(["finetune", data, "--out", folder.File("c.mdm"), .. options, "--set", "Trainer.Network=6M"]);
        StringAssert.Contains(other.Error, "InitialModel");
    }

    [TestMethod]
    public void ASearchSavesTheBestModelAndAReport()
    {
        using var folder = new TemporaryFolder();
        string[] small = [.. ToolFiles.Small.Select(text => text.Replace("Trainer.", "Search.Trainer.", StringComparison.Ordinal))];
        string[] space = ["--set", "Space=[{\"Option\":\"LearningRate\",\"Minimum\":0.001,\"Maximum\":0.01,\"Logarithmic\":true}]"];
        string[] arguments =
            ["search", Files.Text, .. small, .. space, "--trials", "2", "--set", "MetricDocuments=2", "--folder", folder.File("s")];
        JsonElement[] trials = ToolRun.Done(
            [.. arguments, "--out", folder.File("a.mdm"), "--report", folder.File("s.html"), "--json"]).Objects;
        Assert.HasCount(2, trials);
        Assert.IsTrue(trials[0].GetProperty("best").GetBoolean());
        Assert.IsTrue(trials[0].GetProperty("values").GetProperty("LearningRate").GetDouble() is > 0.001 and < 0.01);
        StringAssert.Contains(File.ReadAllText(folder.File("s.html")), "<html");
        ToolRun again = ToolRun.Done([.. arguments, "--out", folder.File("b.mdm"), "--resume"]);
        StringAssert.Contains(again.Lines[0], "bits per byte");
        CollectionAssert.AreEqual(File.ReadAllBytes(folder.File("a.mdm")), File.ReadAllBytes(folder.File("b.mdm")));
    }
}
