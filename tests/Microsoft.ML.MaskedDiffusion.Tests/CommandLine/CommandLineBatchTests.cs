using System.Text.Json;
using Mdm;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The tool's command that scores files of rows.</summary>
[TestClass]
public sealed class CommandLineBatchTests
{
    private static readonly ToolFiles Files = new();
    private readonly TemporaryFolder _folder = new();

    [ClassCleanup]
    public static void Delete() => Files.Dispose();

    [TestCleanup]
    public void Clean() => _folder.Dispose();

    [TestMethod]
    [DataRow("Score", "Text", "NegativeLogLikelihood")]
    [DataRow("Choose", "Context", "PredictedText")]
    [DataRow("Infill", "Text", "Filled")]
    [DataRow("Generate", "Prompt", "Completion")]
    public void EachTaskReadsAndWritesItsColumns(string task, string text, string output)
    {
        string[] rows = ["the cat [MASK]", "one two"];
        File.WriteAllLines(_folder.File("in.csv"), [$"Own,{text},Choices", .. rows.Select(row => $"{row},x,\"[\"\"sat\"\",\"\"on\"\"]\"")]);
        string[] arguments = ["batch", _folder.File("in.csv"), _folder.File("out.jsonl"), "--model", Files.Model, "--task", task];
        string[] more = ["--column", "Own", "--output-column", output, "--json"];
        string[] own = task switch
        {
            "Choose" => ["--choices", "2"],
            "Generate" => ["--length", "4"],
            _ => [],
        };
        JsonElement facts = ToolRun.Done([.. arguments, .. more, .. own]).Objects.Single();
        Assert.AreEqual(2, facts.GetProperty("rows").GetInt32());
        string[] lines = File.ReadAllLines(_folder.File("out.jsonl"));
        JsonElement[] written = [.. lines.Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
        CollectionAssert.AreEqual(rows, written.Select(row => row.GetProperty("Own").GetString()).ToArray());
        Assert.IsTrue(written.All(row => row.TryGetProperty(output, out _)));
        Assert.IsTrue(written.All(row => row.GetProperty(text).GetString() == "x"));
    }

    [TestMethod]
    public void APipelineScoresShardsThatAreTheWholeTogether()
    {
        string zip = _folder.File("lm.zip");
        ToolRun.Done("convert", Files.Model, zip);
        File.WriteAllLines(_folder.File("in.jsonl"), Enumerable.Range(0, 7).Select(i => $"{{\"Text\":\"the cat {i}\"}}"));
        string[] arguments = ["batch", _folder.File("in.jsonl")];
        ToolRun.Done([.. arguments, _folder.File("whole.csv"), "--model", zip]);
        foreach (int i in new[] { 1, 2 })
            ToolRun.Done([.. arguments, _folder.File($"{i}.csv"), "--model", zip, "--shard", $"{i}/2"]);
        Assert.AreEqual(
            File.ReadAllText(_folder.File("whole.csv")), File.ReadAllText(_folder.File("1.csv")) + File.ReadAllText(_folder.File("2.csv")));
    }

    [TestMethod]
    public void AFileWithoutThePipelinesColumnIsToldWhatTakesAnyColumn()
    {
        string zip = _folder.File("lm.zip");
        ToolRun.Done("convert", Files.Model, zip);
        File.WriteAllText(_folder.File("in.jsonl"), "{\"body\":\"the cat\"}\n");
        string[] arguments = ["batch", _folder.File("in.jsonl"), _folder.File("out.jsonl"), "--model", zip];
        ToolRun refused = ToolRun.Of(arguments);
        Assert.AreEqual(ExitCode.WrongUsage, refused.ExitCode);
        StringAssert.Contains(refused.Error, "there is no column 'Text'. The file has: body.");
        StringAssert.Contains(refused.Error, "--task Score --column NAME");
        ToolRun.Done([.. arguments, "--task", "Score", "--column", "body"]);
    }

    [TestMethod]
    public void BadRowsAreSkippedWhereThatIsSaid()
    {
        File.WriteAllLines(_folder.File("in.jsonl"), ["{\"Text\":\"the cat\"}", "{\"Text\":1}"]);
        string[] arguments = ["batch", _folder.File("in.jsonl"), _folder.File("out.jsonl"), "--model", Files.Model];
        ToolRun bad = ToolRun.Of(arguments);
        Assert.AreEqual(ExitCode.Failed, bad.ExitCode);
        StringAssert.Contains(bad.Error, "in.jsonl, line 2");
        ToolRun.Done([.. arguments, "--skip-invalid-rows"]);
        Assert.HasCount(1, File.ReadAllLines(_folder.File("out.jsonl.rejected.jsonl")));
        ToolRun.Done([.. arguments, "--skip-invalid-rows", "--overwrite"]);
        Assert.HasCount(1, File.ReadAllLines(_folder.File("out.jsonl.rejected.jsonl")));
    }

    [TestMethod]
    public void AnOutputIsReplacedOnlyWhereThatIsSaid()
    {
        File.WriteAllLines(_folder.File("in.jsonl"), ["{\"Text\":\"the cat\"}"]);
        File.WriteAllText(_folder.File("out.jsonl"), "mine");
        string[] arguments = ["batch", _folder.File("in.jsonl"), _folder.File("out.jsonl"), "--model", Files.Model];
        ToolRun refused = ToolRun.Of(arguments);
        Assert.AreEqual(ExitCode.WrongUsage, refused.ExitCode);
        StringAssert.Contains(refused.Error, "out.jsonl already: choose another place, or add --overwrite");
        Assert.AreEqual("mine", File.ReadAllText(_folder.File("out.jsonl")));
        ToolRun.Done([.. arguments, "--overwrite"]);
        StringAssert.StartsWith(File.ReadAllText(_folder.File("out.jsonl")), "{\"Text\":\"the cat\",");
    }

    [TestMethod]
    public void AnInterruptedRunSaysThatItGoesOn()
    {
        File.WriteAllLines(_folder.File("in.jsonl"), ["{\"Text\":\"the cat\"}"]);
        string[] arguments = ["batch", _folder.File("in.jsonl"), _folder.File("out.jsonl"), "--model", Files.Model];
        ToolRun interrupted = ToolRun.Of(arguments, "", null, new CancellationToken(canceled: true));
        Assert.AreEqual(ExitCode.Interrupted, interrupted.ExitCode);
        StringAssert.Contains(interrupted.Error, "goes on from there");
        ToolRun.Done(arguments);
        Assert.IsTrue(File.Exists(_folder.File("out.jsonl")));
    }

    [TestMethod]
    public void APipelinesModelIsHeldAsItWasSavedAndWhereAutoPutsIt()
    {
        File.WriteAllLines(_folder.File("in.jsonl"), ["{\"Text\":\"the cat\"}"]);
        ToolRun.Done("convert", Files.Model, _folder.File("lm.zip"));
        string[] arguments = ["batch", _folder.File("in.jsonl"), _folder.File("out.jsonl"), "--model", _folder.File("lm.zip")];
        foreach ((string option, string value) in new[] { ("--weights", "Int8"), ("--device", "cpu") })
        {
            ToolRun wrong = ToolRun.Of([.. arguments, option, value]);
            Assert.AreEqual(ExitCode.WrongUsage, wrong.ExitCode, option);
            StringAssert.Contains(wrong.Error, $"{option} {value} is for a model alone");
            StringAssert.Contains(wrong.Error, "choose a --task other than Pipeline");
        }
        ToolRun.Done([.. arguments, "--weights", "Int8", "--device", "cpu", "--task", "Score"]);
        StringAssert.StartsWith(File.ReadAllText(_folder.File("out.jsonl")), "{\"Text\":\"the cat\",");
    }

    [TestMethod]
    [DataRow("--shard", "3/2", "i from 1 to n")]
    [DataRow("--task", "Pipeline", ".zip")]
    [DataRow("--task", "Guess", "Score")]
    [DataRow("--length", "50", "--length means nothing without --task Generate: add --task Generate, or leave --length out.")]
    [DataRow("--choices", "4", "--choices means nothing without --task Choose")]
    public void WrongUsageIsSaid(string option, string value, string expected)
    {
        File.WriteAllLines(_folder.File("in.jsonl"), ["{\"Text\":\"the cat\"}"]);
        ToolRun wrong = ToolRun.Of("batch", _folder.File("in.jsonl"), _folder.File("out.jsonl"), "--model", Files.Model, option, value);
        Assert.AreEqual(ExitCode.WrongUsage, wrong.ExitCode);
        StringAssert.Contains(wrong.Error, expected);
    }
}
