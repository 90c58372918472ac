using System.Text.Json;
using System.Text.RegularExpressions;
using Mdm;
using Mdm.Commands;
using Mdm.Settings;
using Spectre.Console.Testing;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What the tool says goes wrong, in the words of its own options.</summary>
[TestClass]
public sealed partial class CommandLineMessageTests
{
    private static readonly ToolFiles Files = new();

    [ClassCleanup]
    public static void Clean() => Files.Dispose();

    [TestMethod]
    [DataRow("Option MaxNewTokens is 0; it must be at least 1.", "--length (MaxNewTokens) is 0; it must be at least 1.")]
    [DataRow("Shorten it, lower MaxNewTokens, or wait.", "Shorten it, lower --length (MaxNewTokens), or wait.")]
    [DataRow("Set Generation.MaxNewTokens to 5.", "Set --length (Generation.MaxNewTokens) to 5.")]
    [DataRow("Set GenerationOptions.MaxNewTokens.", "Set --length (GenerationOptions.MaxNewTokens).")]
    [DataRow("Move it, or set Watch.", "Move it, or add --watch (Watch).")]
    [DataRow("Set Watch to true and look.", "Add --watch (Watch) and look.")]
    [DataRow("Set Watch to false and wait.", "Add --set Watch=false and wait.")]
    [DataRow("Set Sampling.GuidanceScale to 2.", "Add --set Generation.Sampling.GuidanceScale=2.")]
    [DataRow("Option Sampling.GuidanceScale is -1.", "Generation.Sampling.GuidanceScale is -1. What has no option of its own is set with "
        + "--set, such as --set Generation.Sampling.GuidanceScale=VALUE.")]
    [DataRow("File 'Watch' has the column \"MaxNewTokens\".", "File 'Watch' has the column \"MaxNewTokens\".")]
    [DataRow("Method is 5; it must be one of File, Watch or Count.", "Method is 5; it must be one of File, Watch or Count.")]
    [DataRow("/data/Watch/MaxNewTokens.txt: it's the model's.", "/data/Watch/MaxNewTokens.txt: it's the model's.")]
    [DataRow("Load that with WeightType.Int8.", "Load that with Int8.")]
    [DataRow("Nothing of this is there: SomethingElse.", "Nothing of this is there: SomethingElse.")]
    public void TheLibrarysOptionsAreNamedAsTheToolHasThem(string message, string expected)
    {
        var names = new SettingNames(typeof(GenerateSettings));
        names.Add("Generation.MaxNewTokens", "--length");
        names.Add("Watch", "--watch", true);
        names.Add("File", "--file");
        Assert.AreEqual(expected, names.Say(message));
    }

    [TestMethod]
    [DataRow(new[] { "generate", "a", "--length", "1000" }, "lower --length (MaxNewTokens)")]
    [DataRow(new[] { "infill", "a [MASK]", "--count", "0" }, "error: --count (Samples) is 0; it must be")]
    [DataRow(new[] { "infill", "a [MASK]", "--count", "2", "--temperature", "1", "--candidate", "b" },
        "--count (Gaps.Samples) is 2; it must be 1 where a --candidate is chosen")]
    [DataRow(new[] { "train", "BOOK", "--out", "x.zip", "--resume" },
        "--resume (Checkpoints.Resume) is true; it must be false without a --checkpoints (Checkpoints.Folder).")]
    [DataRow(new[] { "train", "BOOK", "--out", "x.zip", "--minutes", "abc" }, "error: --minutes is abc; it must be a number.")]
    [DataRow(new[] { "train", "BOOK", "--out", "x.zip", "--minutes", "0" },
        "--minutes is 0 (0 in Trainer.Budget.MaxSeconds); it must be above 0")]
    [DataRow(new[] { "train", "BOOK", "--out", "x.zip", "--packed", "t" }, "add --tokenizer")]
    [DataRow(new[] { "train", "BOOK", "--out", "" }, "--out is empty; it must be the path of a file or folder.")]
    [DataRow(new[] { "train", "", "--out", "x.zip" }, "<data> is empty; it must be the path of a file or folder.")]
    [DataRow(new[] { "train", "--set", "Trainer.Foo=1" }, "there is no setting Trainer.Foo. --print-config")]
    [DataRow(new[] { "train", "--set", "LearningRate=0.1" }, "there is no setting LearningRate; the nearest is Trainer.LearningRate.")]
    [DataRow(new[] { "search", "--set", "Trainer.Seed=1" }, "there is no setting Trainer; the nearest is Search.Trainer.")]
    [DataRow(new[] { "train", "BOOK", "--out", "x.zip", "--separator", ";;" }, "--separator is ;;; it must be one character.")]
    [DataRow(new[] { "train", "BOOK", "--out", "x.zip", "--vocabulary", "3000000000" },
        "--vocabulary is 3000000000; it must be a whole number from -2147483648 to 2147483647.")]
    [DataRow(new[] { "train", "BOOK", "--out", "x.safetensors" }, "a folder without .safetensors")]
    [DataRow(new[] { "frobnicate" }, "There is no command frobnicate.")]
    [DataRow(new[] { "finetune", "rows.jsonl", "--out", "x.mdm", "--adapter-out", "ad3" }, "--adapter-out is ad3")]
    [DataRow(new[] { "search", "BOOK", "--out", "x.zip", "--trials", "0" }, "--trials (MaxTrials) is 0")]
    [DataRow(new[] { "search", "BOOK", "--out", "x.zip", "--vocabulary", "3" }, "--vocabulary (VocabularySize) must be from 258")]
    [DataRow(new[] { "score", "a", "--device", "foo" }, "--device (Device) is 'foo'; it must be")]
    [DataRow(new[] { "train" }, "error: No")]
    [DataRow(new[] { "perplexity", "BOOK", "--max-documents", "0" }, "--max-documents (MaxDocuments) is 0; it must be at least 1.")]
    [DataRow(new[] { "search", "BOOK", "--out", "x.zip", "--set", "MetricDocuments=0" }, "MetricDocuments is 0; it must be at least 1")]
    [DataRow(new[] { "batch", "BOOK", "x.csv", "--task", "Choose" }, "add --choices with the most of a row")]
    [DataRow(new[] { "eval", "BOOK", "--task", "piq" }, "--task is piq; it must be one of hellaswag")]
    [DataRow(new[] { "eval", "BOOK", "--task", "piqa", "--published", "--samples", "128" },
        "--samples means nothing beside --published, which has samples of its own: leave one out.")]
    [DataRow(new[] { "batch", "BOOK", "x.csv", "--task", "Choose", "--set", "Score.Likelihood.Samples=16" },
        "Settings of Score are given, and the task is Choose, which reads none of them: leave them out, or choose --task Score.")]
    [DataRow(new[] { "batch", "BOOK", "x.csv", "--task", "Pipeline", "--set", "Score.Likelihood.Samples=16" },
        "Settings of Score are given, and the task is Pipeline, which reads none of them: leave them out, or choose --task Score.")]
    public void WrongUsageNamesOptions(string[] arguments, string expected)
    {
        string[] model = arguments[0] is "train" or "search" or "frobnicate" ? [] : ["--model", Files.Model];
        ToolRun run = ToolRun.Of([.. arguments.Select(word => word == "BOOK" ? Files.Text : word), .. model]);
        Assert.AreEqual(ExitCode.WrongUsage, run.ExitCode, run.Error);
        StringAssert.Contains(run.Error, expected);
    }

    [TestMethod]
    public void NamesMayBeWrittenInAnyCase()
    {
        ToolRun.Done("score", "--model", Files.Model, "a", "--weights", "int8", "--method", "montecarlo");
        ToolRun.Done("generate", "--model", Files.Model, "a", "--length", "2", "--preset", "smdmGREEDY", "--weights", "bfloat16");
        StringAssert.Contains(ToolRun.Done("train", "--documents", "blankline", "--print-config").Output, "\"Boundary\": \"BlankLine\"");
        Assert.AreEqual(ExitCode.WrongUsage, ToolRun.Of("score", "--model", Files.Model, "a", "--weights", "1").ExitCode);
    }

    [TestMethod]
    public void NoModelIsSaidBeforeAnInputIsRead()
    {
        ToolRun run = ToolRun.Of(["score"], "", null, CancellationToken.None);
        Assert.AreEqual(ExitCode.WrongUsage, run.ExitCode);
        StringAssert.StartsWith(run.Error, "error: No model:");
    }

    [TestMethod]
    public void PlacesInJsonAreCountedFromOne()
    {
        using var folder = new TemporaryFolder();
        string config = folder.File("run.json");
        File.WriteAllText(config, "{\n\"Seed\": x }");
        string error = ToolRun.Of("train", "--config", config).Error;
        StringAssert.Contains(error, "(line 2, byte 9).");
        Assert.DoesNotContain("LineNumber", error);
        var noise = new InvalidDataException("'x' is an invalid start of a value. LineNumber: 0 | BytePositionInLine: 11..");
        Assert.AreEqual("'x' is an invalid start of a value (byte 12).", ErrorText.Of(noise));
        Assert.AreEqual("See ../x and more.", ErrorText.Of(new InvalidDataException("See ../x and more..")));
    }

    [TestMethod]
    public void ABatchNamesTheColumnsAndItsOptions()
    {
        using var folder = new TemporaryFolder();
        string input = folder.File("in.csv"), output = folder.File("out.csv");
        File.WriteAllText(input, "Id,Body\n1,the cat\n");
        string[] arguments = ["batch", input, output, "--model", Files.Model];
        ToolRun missing = ToolRun.Of(arguments);
        Assert.AreEqual(ExitCode.WrongUsage, missing.ExitCode, missing.Error);
        StringAssert.Contains(missing.Error, "there is no column 'Text'. The file has: Id, Body. --column names the one with the text.");
        ToolRun.Done([.. arguments, "--column", "Body"]);
        ToolRun there = ToolRun.Of([.. arguments, "--column", "Body"]);
        Assert.AreEqual(ExitCode.WrongUsage, there.ExitCode, there.Error);
        StringAssert.Contains(there.Error, "add --overwrite");
        File.WriteAllText(folder.File("bad.jsonl"), "{\"Text\": 5}\n");
        ToolRun bad = ToolRun.Of("batch", folder.File("bad.jsonl"), folder.File("x.jsonl"), "--model", Files.Model);
        Assert.AreEqual(ExitCode.Failed, bad.ExitCode);
        StringAssert.Contains(bad.Error, "Add --skip-invalid-rows (InvalidRows) to write such rows");
    }

    [TestMethod]
    public void FilesOfOneTaskAreToldApart()
    {
        using var folder = new TemporaryFolder();
        string[] files = [folder.File("piqa_a.jsonl"), folder.File("piqa_b.jsonl")];
        foreach ((int index, string file) in files.Index())
            File.WriteAllText(file, $"{{\"query\":\"the cat {index}\",\"choices\":[\"sat\",\"river\"],\"gold\":0}}\n");
        string log = folder.File("logs");
        string[] arguments = ["eval", .. files, "--model", Files.Model, "--samples", "4", "--log", log, "--truncate"];
        JsonElement[] results = ToolRun.Done([.. arguments, "--json"]).Objects;
        CollectionAssert.AreEqual(files, results.Select(result => result.GetProperty("file").GetString()).ToArray());
        Assert.AreEqual("piqa", results[1].GetProperty("task").GetString());
        Assert.IsTrue(File.Exists(Path.Combine(log, "piqa_a", "piqa.jsonl")));
        StringAssert.Contains(ToolRun.Done(arguments).Output, $"piqa ({files[1]})");
        Directory.CreateDirectory(folder.File("other"));
        File.Copy(files[0], Path.Combine(folder.File("other"), "piqa_a.jsonl"));
        ToolRun same = ToolRun.Of([.. arguments, Path.Combine(folder.File("other"), "piqa_a.jsonl")]);
        Assert.AreEqual(ExitCode.WrongUsage, same.ExitCode);
        StringAssert.Contains(same.Error, "would have the same log");
    }

    [TestMethod]
    public void QuestionsThatAreNotScoredAreExplained()
    {
        using var folder = new TemporaryFolder();
        string text = string.Concat(Enumerable.Repeat("the cat sat on the mat ", 40));
        File.WriteAllText(folder.File("piqa.jsonl"), $"{{\"query\":\"{text}\",\"choices\":[\"sat\",\"river\"],\"gold\":0}}\n");
        string invalid = folder.File("piqa_invalid.jsonl");
        File.WriteAllLines(invalid, ["{\"query\":\"a\",\"choices\":[\"b\",\"c\"],\"gold\":0}", "{\"query\":\"a\"}", "{}"]);
        ToolRun skipping = ToolRun.Of(
            "eval", invalid, "--model", Files.Model, "--samples", "4", "--set", "Evaluation.InvalidRows=Skip");
        Assert.AreEqual(ExitCode.Done, skipping.ExitCode, skipping.Error);
        StringAssert.Contains(skipping.Error, $"2 rows in {invalid} were left out, which are no questions. ");
        StringAssert.Contains(skipping.Error, "line 2");
        ToolRun run = ToolRun.Of("eval", folder.File("piqa.jsonl"), "--model", Files.Model, "--json");
        Assert.AreEqual(ExitCode.Failed, run.ExitCode, "none is scored");
        Assert.AreEqual(1, run.Objects.Single().GetProperty("notScored").GetInt32());
        StringAssert.Contains(run.Error, "longer than the model's context of 24 tokens: --truncate shortens contexts.");
    }

    [TestMethod]
    public void RowsWithoutTextAreCounted()
    {
        using var folder = new TemporaryFolder();
        string table = folder.File("texts.csv");
        IEnumerable<string> rows = Enumerable.Range(0, 40).Select(i => i is 3 or 17 ? $"{i}," : $"{i},the cat sat on the mat");
        File.WriteAllLines(table, rows.Prepend("number,text"));
        string[] arguments = ["train", table, "--out", folder.File("a.mdm"), "--validation-share", "0", .. ToolFiles.Small];
        StringAssert.Contains(ToolRun.Done(arguments).Error, "2 rows without text left out.");
        ToolRun run = ToolRun.Done("perplexity", table, "--model", Files.Model, "--samples", "4");
        StringAssert.Contains(run.Error, "2 documents without a token left out.");
    }

    [TestMethod]
    public void ATrainingThatStopsInTheWarmStartSaysSo()
    {
        using var folder = new TemporaryFolder();
        string[] arguments = ["train", Files.Text, "--out", folder.File("a.mdm"), .. ToolFiles.Small];
        string[] warm = [.. arguments, "--set", "Trainer.WarmStart=0.9"];
        string said = ToolRun.Interrupted(warm).Error;
        StringAssert.Contains(said, "is in the warm start");
        StringAssert.Contains(said, "Train longer, or add --set Trainer.WarmStart=0");
        Assert.DoesNotContain("warm start", ToolRun.Interrupted([.. arguments, "--overwrite"]).Error);
    }

    [TestMethod]
    public void NumbersOfATableStayWholeAndTabsAreShown()
    {
        var terminal = new TestConsole { Profile = { Width = 40 } };
        ToolRun.Of(["score", "--model", Files.Model, "the\tcat sat on the mat"], "", terminal, CancellationToken.None);
        StringAssert.Contains(terminal.Output, "text: the\\tcat sat on the mat");
        StringAssert.Matches(terminal.Output, Number());
        terminal = new TestConsole { Profile = { Width = 70 } };
        ToolRun.Of(["score", "--model", Files.Model, "the\tcat sat on the mat, where it was"], "", terminal, CancellationToken.None);
        StringAssert.Matches(terminal.Output, Cells());
    }

    [GeneratedRegex(@"negative log likelihood \(nats\): \d+\.\d{3}\n")]
    private static partial Regex Number();

    [GeneratedRegex(@"│ +\d+\.\d{3} │ +\d+\.\d{3} │ +\d+ │ +\d+\.\d{3} │ the\\tcat")]
    private static partial Regex Cells();
}
