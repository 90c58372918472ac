using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Mdm;
using Mdm.Data;
using Mdm.Output;
using Mdm.Settings;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Adapters on the command line, and autoregressive models that become masked diffusion models.</summary>
[TestClass]
public sealed class CommandLineFinetuneTests
{
    private static readonly ToolFiles Files = new();
    private static readonly TemporaryFolder Folder = new();

    private static string Answers => Folder.File("answers.jsonl");

    private static string[] Endless => ["finetune", Answers, "--model", Files.Model, "--set", "Trainer.BatchSize=4"];

    private static string[] Small => [.. Endless, "--max-steps", "3"];

    [ClassInitialize]
    public static void Write(TestContext context) =>
        File.WriteAllLines(Answers, Enumerable.Range(0, 30).Select(i => $"{{\"prompt\":\"who {i}\",\"answer\":\"the cat\"}}"));

    [ClassCleanup]
    public static void Delete()
    {
        Files.Dispose();
        Folder.Dispose();
    }

    [TestMethod]
    public void AnAdapterIsSavedByItselfAndMergedIntoTheModelAgain()
    {
        using var folder = new TemporaryFolder();
        string tuned = folder.File("tuned.mdm"), adapter = folder.File("adapter"), merged = folder.File("merged.mdm");
        string[] lora =
            ["--lora", "--lora-rank", "2", "--lora-alpha", "4", "--lora-target", "attention", "--lora-target", "swiglu.w1"];
        JsonElement report = ToolRun.Done([.. Small, "--out", tuned, .. lora, "--adapter-out", adapter, "--json"]).Objects.Single();
        Assert.AreEqual(adapter, report.GetProperty("adapter").GetString());
        LoraAdapter saved = LoraAdapter.Load(adapter);
        Assert.AreEqual((2, 4.0), (saved.Rank, saved.Alpha));
        Assert.AreEqual(saved.ParameterCount, report.GetProperty("adapterParameters").GetInt64());
        // Two blocks, and of each the two layers of attention and one of the feed-forward.
        Assert.HasCount(6, saved.LayerNames);

        JsonElement conversion = ToolRun.Done("convert", Files.Model, merged, "--adapter", adapter, "--json").Objects.Single();
        Assert.AreEqual(adapter, conversion.GetProperty("mergedAdapters")[0].GetString());
        CollectionAssert.AreEqual(File.ReadAllBytes(tuned), File.ReadAllBytes(merged));
        CollectionAssert.AreNotEqual(File.ReadAllBytes(Files.Model), File.ReadAllBytes(merged));

        JsonElement facts = ToolRun.Done("inspect", adapter, "--json").Objects.Single();
        Assert.AreEqual("adapter", facts.GetProperty("kind").GetString());
        Assert.AreEqual(2, facts.GetProperty("adapterRank").GetInt32());
        Assert.AreEqual(saved.ParameterCount, facts.GetProperty("adapterParameters").GetInt64());
        Assert.AreEqual(saved.LayerNames[0], facts.GetProperty("adaptedLayers")[0].GetString());
    }

    [TestMethod]
    public void RowsThatAreLeftOutAreSaid()
    {
        using var folder = new TemporaryFolder();
        string endless = string.Join(' ', Enumerable.Repeat("the cat", 200));
        File.WriteAllLines(folder.File("long.jsonl"), [.. File.ReadLines(Answers), $"{{\"prompt\":\"who\",\"answer\":\"{endless}\"}}"]);
        ToolRun run = ToolRun.Done(["finetune", folder.File("long.jsonl"), .. Small[2..], "--out", folder.File("tuned.mdm")]);
        StringAssert.Contains(run.Error, "1 rows of the training data have more tokens than the network's context of 24 and are left out.");
    }

    [TestMethod]
    public void RecordsThatAFormatLeavesOutAreCountedByReason()
    {
        using var folder = new TemporaryFolder();
        string model = folder.File("lm.mdm"), chats = folder.File("chats.json"), problems = folder.File("problems.txt");
        TextTokenizer bytes = TokenizerSource.Bytes().Resolve(() => [], null, CancellationToken.None);
        using (MaskedDiffusionModel wide = TinyModel.Create(bytes, contextLength: 256))
            wide.Save(model);
        string human = Turn("human", "who"), gpt = Turn("gpt", "the cat");
        string[] turns = [.. Enumerable.Repeat($"{human},{gpt}", 8), human, gpt, $"{gpt},{human}"];
        File.WriteAllLines(chats, turns.Select(both => $"{{\"conversations\":[{both}]}}"));
        File.WriteAllLines(problems, [.. Enumerable.Repeat("how many||two #### 2", 8), "how many", "how many||two"]);
        Assert.AreEqual(
            $"3 of 11 records of {chats} were left out: 1 that do not begin with human and gpt, 2 with fewer than 2 turns.",
            Remarks(chats, "ShareGpt"));
        Assert.AreEqual(
            $"2 of 10 records of {problems} were left out: 1 without exactly one '####', 1 without exactly one '||'.",
            Remarks(problems, "Gsm8k"));

        static string Turn(string from, string value) => $"{{\"from\":\"{from}\",\"value\":\"{value}\"}}";

        string Remarks(string data, string format)
        {
            string[] options = ["--max-steps", "1", "--validation-share", "0", "--set", "Trainer.BatchSize=2"];
            ToolRun run = ToolRun.Done(
                ["finetune", data, "--format", format, "--model", model, "--out", folder.File($"{format}.mdm"), .. options]);
            string[] lines = run.Error.ReplaceLineEndings("\n").Split('\n');
            return string.Join('\n', lines.Where(line => line.Contains(" left out", StringComparison.Ordinal)));
        }
    }

    [TestMethod]
    public void AFileWhoseRecordsAreAllLeftOutIsNamed()
    {
        using var folder = new TemporaryFolder();
        string lines = folder.File("lines.txt");
        File.WriteAllLines(lines, ["one question", "another one"]);
        ToolRun run = ToolRun.Of(["finetune", lines, "--format", "Gsm8k", .. Small[2..], "--out", folder.File("tuned.mdm")]);
        Assert.AreEqual(ExitCode.Failed, run.ExitCode, run.Error);
        StringAssert.Contains(run.Error, $"error: All records of {lines}, read as Gsm8k, were left out: 2 without exactly one '||'. "
            + "Correct them, or name what the file is with --format.");
    }

    [TestMethod]
    public void SeveralAdaptersAreMergedOneAfterTheOther()
    {
        using var folder = new TemporaryFolder();
        foreach (string seed in new[] { "1", "2" })
        {
            _ = ToolRun.Done(
                [.. Small, "--out", folder.File("x.mdm"), "--lora", "--adapter-out", folder.File(seed), "--seed", seed, "--overwrite"]);
        }
        string[] both = ["--adapter", folder.File("1"), "--adapter", folder.File("2")];
        _ = ToolRun.Done(["convert", Files.Model, folder.File("both.mdm"), .. both]);
        using MaskedDiffusionModel model = MaskedDiffusionModel.Load(Files.Model);
        using MaskedDiffusionModel one = model.Merge(LoraAdapter.Load(folder.File("1")));
        using MaskedDiffusionModel two = one.Merge(LoraAdapter.Load(folder.File("2")));
        two.Save(folder.File("expected.mdm"));
        CollectionAssert.AreEqual(File.ReadAllBytes(folder.File("expected.mdm")), File.ReadAllBytes(folder.File("both.mdm")));
    }

    [TestMethod]
    public void TheDefaultsAreThoseOfTheLibrary()
    {
        Assert.IsNull(Trainer()["Lora"]);
        string expected = SettingsTree.Print(new LoraOptions()).Trim();
        Assert.AreEqual(expected, Trainer("--lora")["Lora"]!.ToJsonString(SettingsFormat.Options));
        JsonNode lora = Trainer("--lora", "--lora-rank", "4", "--set", "Trainer.Lora.Alpha=3")["Lora"]!;
        Assert.AreEqual((4, 3.0), ((int)lora["Rank"]!, (double)lora["Alpha"]!));
    }

    [TestMethod]
    public void AStoppedTrainingOfAdaptersGoesOnAndReplacesThem()
    {
        using var folder = new TemporaryFolder();
        string[] run = [.. Endless, "--max-steps", "12", "--set", "Trainer.ProgressInterval=2", "--lora"];
        _ = ToolRun.Done([.. run, "--out", folder.File("whole.mdm"), "--adapter-out", folder.File("whole")]);
        string[] stopped =
            [.. run, "--out", folder.File("lm.mdm"), "--adapter-out", folder.File("lm"), "--checkpoints", folder.File("run")];
        _ = ToolRun.Interrupted(stopped);
        CollectionAssert.AreNotEqual(Weights("whole"), Weights("lm"));
        string told = ToolRun.Done([.. stopped, "--resume", "--overwrite"]).Error;
        StringAssert.Contains(told, "Resumed at step ");
        Assert.DoesNotContain("Channel", told, "ML.NET's own lines");
        CollectionAssert.AreEqual(Weights("whole"), Weights("lm"));
        CollectionAssert.AreEqual(File.ReadAllBytes(folder.File("whole.mdm")), File.ReadAllBytes(folder.File("lm.mdm")));
        ToolRun other = ToolRun.Of([.. stopped, "--resume", "--overwrite", "--lora-rank", "2"]);
        Assert.AreEqual(ExitCode.Failed, other.ExitCode);
        StringAssert.Contains(other.Error, "Lora: rank 8, alpha 16");

        byte[] Weights(string name) => File.ReadAllBytes(folder.File(name + "/adapter_model.safetensors"));
    }

    [TestMethod]
    public void AnAdapterReplacesOnlyAnAdapter()
    {
        using var folder = new TemporaryFolder();
        string adapter = folder.File("adapter"), notes = folder.File("adapter/notes.txt");
        Directory.CreateDirectory(adapter);
        File.WriteAllText(notes, "a week's work");
        string[] run = [.. Small, "--out", folder.File("lm.mdm"), "--lora", "--adapter-out", adapter];
        ToolRun there = ToolRun.Of(run);
        Assert.AreEqual(ExitCode.WrongUsage, there.ExitCode);
        StringAssert.Contains(there.Error, $"There is something at {adapter} already");
        ToolRun foreign = ToolRun.Of([.. run, "--overwrite"]);
        Assert.AreEqual(ExitCode.WrongUsage, foreign.ExitCode);
        StringAssert.Contains(foreign.Error, $"{notes} is no file of an adapter");
        Assert.AreEqual("a week's work", File.ReadAllText(notes));
        Assert.IsFalse(File.Exists(folder.File("lm.mdm")));
        File.Delete(notes);
        _ = ToolRun.Done(run);
        Assert.IsNotEmpty(LoraAdapter.Load(adapter).LayerNames);
    }

    [TestMethod]
    public void APlaceWhereNoAdapterCanBeWrittenIsRefusedBeforeTheTraining()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("file"), "");
        string adapter = Path.Combine(folder.File("file"), "adapter");
        ToolRun run = ToolRun.Of([.. Small, "--out", folder.File("lm.mdm"), "--lora", "--adapter-out", adapter]);
        Assert.AreEqual(ExitCode.WrongUsage, run.ExitCode);
        StringAssert.Contains(run.Error, $"No adapter can be saved to {adapter}");
        Assert.IsFalse(File.Exists(folder.File("lm.mdm")));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void WhatAppearsAtAnAdaptersPlaceDuringTheTrainingStays(bool overwrite)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("adapter"), note = folder.File("adapter/note.txt");
        _ = ToolRun.Done([.. Small, "--out", folder.File("lm.mdm"), "--lora", "--adapter-out", folder.File("made")]);
        using var error = new StringWriter();
        var console = new ToolConsole
        {
            In = Stream.Null, Out = TextWriter.Null, Error = error, Progress = () => new ConsoleProgress(TextWriter.Null),
        };
        var context = new ToolContext(console, false, SingleProcess.Instance, message => message, CancellationToken.None);
        Directory.CreateDirectory(path);
        File.WriteAllText(note, "mine");
        string saved = AdapterFolder.Save(LoraAdapter.Load(folder.File("made")), path, overwrite, context);
        Assert.AreEqual(folder.File("adapter-1"), saved);
        Assert.IsNotEmpty(LoraAdapter.Load(saved).LayerNames);
        Assert.AreEqual("mine", File.ReadAllText(note));
        StringAssert.Contains(error.ToString(), $"the adapter goes to {saved}");
    }

    [TestMethod]
    public void AWarningBeginsALineOfItsOwnOnATerminal()
    {
        using var folder = new TemporaryFolder();
        using var error = new StringWriter { NewLine = "\n" };
        string rows = folder.File("rows.jsonl");
        string endless = string.Concat(Enumerable.Repeat("one two ", 30));
        string[] answers = [.. Enumerable.Range(0, 30).Select(i => i % 3 == 0 ? endless : "a cat")];
        File.WriteAllLines(rows, answers.Select(answer => $"{{\"prompt\":\"who\",\"answer\":\"{answer}\"}}"));
        var console = new ToolConsole
        {
            In = Stream.Null, Out = TextWriter.Null, Error = error,
            Progress = () => new ConsoleProgress(error, () => 200, TimeSpan.Zero, TimeProvider.System),
        };
        string[] arguments =
        [
            "finetune", rows, "--model", Files.Model, "--out", folder.File("lm.mdm"), "--max-steps", "2", "--validation-share", "0",
            "--set", "Trainer.BatchSize=4",
        ];
        Assert.AreEqual(ExitCode.Done, Tool.Run(arguments, console, CancellationToken.None), error.ToString());
        StringAssert.Contains(error.ToString(),
            "\n10 rows of the training data have more tokens than the network's context of 24 and are left out.\n");
    }

    [TestMethod]
    [DataRow(new[] { "--lora", "--adapter-out", "." }, "The adapter cannot go to .")]
    [DataRow(new[] { "--lora-rank", "4" }, "--lora-rank means nothing without --lora: add --lora, or leave --lora-rank out.")]
    [DataRow(new[] { "--lora-alpha", "4" }, "--lora-alpha means nothing without --lora")]
    [DataRow(new[] { "--lora-target", "attention" }, "--lora-target means nothing without --lora")]
    [DataRow(new[] { "--mask-token", "4" }, "--mask-token means nothing without --to-masked-diffusion")]
    [DataRow(new[] { "--unshifted" }, "--unshifted means nothing without --to-masked-diffusion")]
    [DataRow(new[] { "--adapter-out", "adapter" }, "--adapter-out is adapter, and no adapter is trained: add --lora")]
    [DataRow(new[] { "--lora", "--adapter-out", "lm.mdm" }, "because the model goes to lm.mdm")]
    [DataRow(new[] { "--lora", "--lora-rank", "many" }, "--lora-rank is many; it must be a whole number.")]
    [DataRow(new[] { "--lora", "--lora-rank", "0" }, "--lora-rank (Lora.Rank) is 0; it must be 1 to 16384.")]
    [DataRow(new[] { "--lora", "--lora-target", "q" },
        "--lora-target (Lora.Targets) is 'q'; it must be attention, feed-forward, all-linear")]
    [DataRow(new[] { "--to-masked-diffusion" }, "is a masked diffusion model already")]
    public void WhatMeansNothingIsRefused(string[] options, string expected)
    {
        ToolRun run = ToolRun.Of([.. Small, "--out", "lm.mdm", .. options]);
        Assert.AreEqual(ExitCode.WrongUsage, run.ExitCode, run.Error);
        StringAssert.Contains(run.Error, expected);
    }

    [TestMethod]
    public void WhatASettingsFileTurnsOnGivesOptionsAMeaning()
    {
        using var folder = new TemporaryFolder();
        string config = folder.File("adapters.json");
        File.WriteAllText(config, """{"Trainer": {"Lora": {"Alpha": 4}}}""");
        string[] run = [.. Small, "--out", "lm.mdm", "--lora-rank", "3", "--print-config"];
        foreach (string[] way in new[] { ["--config", config], ["--set", "Trainer.Lora.Alpha=4"], new[] { "--lora", "--lora-alpha", "4" } })
            StringAssert.Matches(ToolRun.Done([.. run, .. way]).Output, new Regex("\"Lora\": \\{\\s+\"Rank\": 3,\\s+\"Alpha\": 4,"));
        File.WriteAllText(config, """{"Trainer": {"Lora": null}}""");
        StringAssert.Contains(ToolRun.Of([.. run, "--config", config]).Error, "--lora-rank means nothing without --lora");
    }

    [TestMethod]
    public void AnAdapterOfOtherLayersIsNotMerged()
    {
        using var folder = new TemporaryFolder();
        string adapter = folder.File("adapter");
        _ = ToolRun.Done([.. Small, "--out", folder.File("a.mdm"), "--lora", "--adapter-out", adapter]);
        _ = ToolRun.Done(["train", Files.Text, "--out", folder.File("small.mdm"), .. ToolFiles.Small]);
        ToolRun run = ToolRun.Of("convert", folder.File("small.mdm"), folder.File("b.mdm"), "--adapter", adapter);
        Assert.AreEqual(ExitCode.WrongUsage, run.ExitCode, run.Error);
        StringAssert.Contains(run.Error, "Merge an adapter into the model that it was trained from.");
        Assert.AreEqual(ExitCode.Failed, ToolRun.Of("convert", Files.Model, folder.File("b.mdm"), "--adapter", folder.Path).ExitCode);
        Assert.IsFalse(File.Exists(folder.File("b.mdm")));
    }

    [TestMethod]
    public void AnAutoregressiveModelStaysOneOrBecomesAMaskedDiffusionModel()
    {
        using var folder = new TemporaryFolder();
        string causal = folder.File("causal.mdm");
        using MaskedDiffusionModel model = TinyAutoregressiveModel.Create();
        model.Save(causal);
        string[] options = ["--model", causal, "--max-steps", "2", "--set", "Trainer.BatchSize=4"];
        Assert.IsTrue(Tuned("same.mdm").Autoregressive);
        TransformerConfig adapted = Tuned("adapted.mdm", "--to-masked-diffusion");
        Assert.AreEqual((false, true, model.Config.VocabularySize), (adapted.Autoregressive, adapted.ShiftsLogits, adapted.MaskTokenId));
        string[] plain = ["--to-masked-diffusion", "--mask-token", "7", "--unshifted"];
        TransformerConfig other = Tuned("other.mdm", plain);
        Assert.AreEqual((false, false, 7), (other.Autoregressive, other.ShiftsLogits, other.MaskTokenId));
        ToolRun lora = ToolRun.Of(["finetune", Answers, "--out", folder.File("x.mdm"), .. options, "--to-masked-diffusion", "--lora"]);
        Assert.AreEqual(ExitCode.WrongUsage, lora.ExitCode);
        StringAssert.Contains(lora.Error, "Train all weights first, and then adapters");

        TransformerConfig Tuned(string name, params string[] more)
        {
            _ = ToolRun.Done(["finetune", Answers, "--out", folder.File(name), .. options, .. more]);
            return MaskedDiffusionModel.ReadConfig(folder.File(name));
        }
    }

    private static JsonNode Trainer(params string[] options) =>
        JsonNode.Parse(ToolRun.Done(["finetune", .. options, "--print-config"]).Output)!["Trainer"]!;
}
