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
    [DataRow("--column", "body")]
    [DataRow("--validation-share", "0.5")]
    public void ARunGoesOnWithItsOwnDataAlone(string option, string value)
    {
        using var folder = new TemporaryFolder();
        string data = folder.File("t.jsonl");
        File.WriteAllLines(data, Enumerable.Range(0, 60).Select(i => $"{{\"text\":\"the title {i}\",\"body\":\"the cat {i}\"}}"));
        string[] arguments =
        [
            "train", data, "--out", folder.File("lm.mdm"), "--overwrite", "--checkpoints", folder.File("run"), "--resume",
            .. ToolFiles.Small,
        ];
        _ = ToolRun.Done(arguments);
        _ = ToolRun.Done(arguments);
        ToolRun other = ToolRun.Of([.. arguments, option, value]);
        Assert.AreEqual(ExitCode.Failed, other.ExitCode);
        StringAssert.Contains(other.Error, "are of another training");
        StringAssert.Contains(other.Error, $"held out {(option == "--column" ? "0.05" : value)} now");
    }

    [TestMethod]
    public void PackedTokensAreLearnedWithTheirTokenizer()
    {
        using var folder = new TemporaryFolder();
        string[] arguments = Packed(folder);
        Assert.AreEqual(4, ToolRun.Done([.. arguments, "--json"]).Objects.Single().GetProperty("steps").GetInt64());
        JsonElement packed = ToolRun.Done("inspect", folder.File("packed"), "--json").Objects.Single();
        Assert.AreEqual("packed tokens", packed.GetProperty("kind").GetString());
        long count = packed.GetProperty("tokensOfText").GetInt64();
        MaskedDiffusionCatalog catalog = new MLContext(1).MaskedDiffusion();
        using (MaskedDiffusionModel model = MaskedDiffusionModel.Load(Files.Model))
            Assert.AreEqual(catalog.SavePackedTokens(catalog.LoadText(Files.Text), model.Tokenizer, folder.File("again")).Tokens, count);
        // The folder in which a training keeps them, too.
        JsonElement kept = ToolRun.Done("inspect", folder.Path, "--json").Objects.Single();
        Assert.AreEqual(packed.GetProperty("size").GetInt64(), kept.GetProperty("size").GetInt64());
        Assert.AreEqual(count, kept.GetProperty("tokensOfText").GetInt64());
        // Of files without what says it, as the Python system's are, nothing is made up.
        File.Delete(folder.File("packed/.train.tokens.json"));
        packed = ToolRun.Done("inspect", folder.File("packed"), "--json").Objects.Single();
        Assert.IsFalse(packed.TryGetProperty("tokensOfText", out _));
    }

    [TestMethod]
    public void PackedTokensAreMeasuredOnOthersOrTheToolSaysThatNothingIs()
    {
        using var folder = new TemporaryFolder();
        string[] arguments = [.. Packed(folder), "--json"];
        ToolRun alone = ToolRun.Done(arguments);
        Assert.AreEqual(JsonValueKind.Null, alone.Objects.Single().GetProperty("validationLoss").ValueKind);
        StringAssert.Contains(alone.Error, "so nothing is measured, and the last model is the one that is saved: name packed tokens to");
        ToolRun measured = ToolRun.Done([.. arguments, "--overwrite", "--validation", folder.File("packed")]);
        Assert.IsGreaterThan(0, measured.Objects.Single().GetProperty("validationLoss").GetDouble());
        Assert.DoesNotContain("nothing is measured", measured.Error);
    }

    [TestMethod]
    [DataRow("--validation-share", "0.1", "whose tokens have no documents to hold out: name packed tokens to measure on")]
    [DataRow("--column", "body", "which reads tokens and no text: leave --column out.")]
    [DataRow("--separator", ";", "which reads tokens and no text")]
    [DataRow("--documents", "Line", "which reads tokens and no text")]
    public void WhatOnlyTextGivesAMeaningIsRefusedBesidePackedTokens(string option, string value, string reason)
    {
        string[] arguments = ["train", "tokens", "--packed", "train", "--tokenizer", "bytes", "--out", "lm.mdm"];
        ToolRun run = ToolRun.Of([.. arguments, option, value]);
        Assert.AreEqual(ExitCode.WrongUsage, run.ExitCode, run.Error);
        StringAssert.Contains(run.Error, $"error: {option} means nothing with --packed, {reason}");
    }

    [TestMethod]
    [DataRow("bytes")]
    [DataRow("tokenizer.json")]
    public void AVocabularyHasNoSizeWhereATokenizerIsThere(string tokenizer)
    {
        using var folder = new TemporaryFolder();
        string[] arguments = ["train", Files.Text, "--tokenizer", tokenizer, "--out", folder.File("lm.mdm")];
        ToolRun run = ToolRun.Of([.. arguments, "--vocabulary", "300"]);
        Assert.AreEqual(ExitCode.WrongUsage, run.ExitCode, run.Error);
        StringAssert.Contains(run.Error,
            $"--vocabulary means nothing with --tokenizer {tokenizer}, whose vocabulary has its size: leave --vocabulary out");
        // Printed settings have a size in any case.
        string config = folder.File("run.json"), printed = ToolRun.Done([.. arguments, "--print-config"]).Output;
        File.WriteAllText(config, printed);
        Assert.AreEqual(printed, ToolRun.Done("train", "--config", config, "--print-config").Output);
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

    [TestMethod]
    public void ASearchChoosesAmongNetworks()
    {
        using var folder = new TemporaryFolder();
        string[] small = [.. ToolFiles.Small.Select(text => text.Replace("Trainer.", "Search.Trainer.", StringComparison.Ordinal))];
        const string Sizes = "\"HeadCount\":1,\"EmbeddingSize\":8,\"FeedForwardSize\":16,\"ContextLength\":16}";
        string[] arguments = ["search", Files.Text, .. small, "--trials", "2", "--json", "--set", "MetricDocuments=2", "--out"];
        string networks = $"{{\"LayerCount\":1,{Sizes},{{\"LayerCount\":2,{Sizes}";
        JsonElement[] trials = ToolRun.Done([.. arguments, folder.File("a.mdm"), "--set", Space("Network", networks)]).Objects;
        string[] layers = [.. trials.Select(trial => trial.GetProperty("values").GetProperty("Network").GetString()!)];
        Assert.IsTrue(layers.All(network => network.Contains("LayerCount = ", StringComparison.Ordinal)), layers[0]);
        foreach ((string option, string choice) in new[]
        {
            ("BatchSize", "[4]"), ("BatchSize", "{}"), ("Network", "[]"), ("Network", "{\"LayerCount\":1}"),
        })
        {
            ToolRun run = ToolRun.Of([.. arguments, folder.File("b.mdm"), "--set", Space(option, $"{choice},{choice}")]);
            Assert.AreEqual(ExitCode.WrongUsage, run.ExitCode, run.Error);
            StringAssert.Contains(
                run.Error, $"Space: {option} has the choice {choice}; it must be a number, a text, true, false or null, or");
        }

        static string Space(string option, string choices) => $"Space=[{{\"Option\":\"{option}\",\"Choices\":[{choices}]}}]";
    }

    // A training on packed tokens in a folder, which has their tokenizer, too.
    private static string[] Packed(TemporaryFolder folder)
    {
        MaskedDiffusionCatalog catalog = new MLContext(1).MaskedDiffusion();
        using MaskedDiffusionModel model = MaskedDiffusionModel.Load(Files.Model);
        _ = catalog.SavePackedTokens(catalog.LoadText(Files.Text), model.Tokenizer, folder.File("packed"));
        foreach ((string name, byte[] bytes) in model.Tokenizer.Files)
            File.WriteAllBytes(folder.File(name), bytes);
        string tokenizer = folder.File(model.Tokenizer.Files.Keys.Order(StringComparer.Ordinal).Last());
        string[] tokens = [folder.File("packed"), "--packed", "train", "--tokenizer", tokenizer];
        return ["train", .. tokens, "--out", folder.File("lm.mdm"), .. ToolFiles.SmallNetwork];
    }
}
