using System.Text.Json;
using Mdm;
using Spectre.Console.Testing;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The tool's commands that use a model.</summary>
[TestClass]
public sealed class CommandLineModelTests
{
    private static readonly ToolFiles Files = new();

    [ClassCleanup]
    public static void Delete() => Files.Dispose();

    [TestMethod]
    public void ScoresAreThoseOfTheLibrary()
    {
        string[] texts = ["the cat sat", "one two"];
        using MaskedDiffusionModel model = MaskedDiffusionModel.Load(Files.Model);
        TextLikelihood expected = new LikelihoodScorer(model).Score(texts[0], "a small");
        JsonElement[] rows = ToolRun.Done(["score", "--model", Files.Model, "--context", "a small", "--json", .. texts]).Objects;
        Assert.HasCount(2, rows);
        Assert.AreEqual(expected.NegativeLogLikelihood, rows[0].GetProperty("negativeLogLikelihood").GetDouble());
        Assert.AreEqual(expected.StandardError, rows[0].GetProperty("standardError").GetDouble());
        double bitsPerByte = expected.NegativeLogLikelihood / Math.Log(2) / texts[0].Length;
        Assert.AreEqual(bitsPerByte, rows[0].GetProperty("bitsPerByte").GetDouble(), 1e-12);
        Assert.AreEqual("one two", rows[1].GetProperty("text").GetString());

        string[] lines = ToolRun.Done(["score", "--model", Files.Model, .. texts]).Lines;
        Assert.AreEqual("negative log likelihood (nats)\tstandard error (nats)\ttokens\tbits per byte\ttext", lines[0]);
        StringAssert.EndsWith(lines[1], "\tthe cat sat");
    }

    [TestMethod]
    public void WeightsAreHeldAsTheyAreAskedFor()
    {
        using MaskedDiffusionModel model = MaskedDiffusionModel.Load(Files.Model, "cpu", WeightType.Int8);
        JsonElement row = ToolRun.Done("score", "--model", Files.Model, "--weights", "Int8", "--json", "the cat sat").Objects.Single();
        Assert.AreEqual(
            new LikelihoodScorer(model).Score("the cat sat").NegativeLogLikelihood, row.GetProperty("negativeLogLikelihood").GetDouble());
        ToolRun wrong = ToolRun.Of("score", "--model", Files.Model, "--weights", "Int4", "the cat sat");
        Assert.AreEqual(ExitCode.WrongUsage, wrong.ExitCode);
        StringAssert.Contains(wrong.Error, "Automatic, Float32, BFloat16, Int8");
    }

    [TestMethod]
    public void TextsComeFromAFileOrTheStandardInput()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("in.txt"), "the cat sat\none two\n");
        File.WriteAllText(folder.File("in.jsonl"), "{\"text\":\"the cat sat\"}\n{\"text\":\"one two\",\"context\":null}\n");
        string given = ToolRun.Done("score", "--model", Files.Model, "the cat sat", "one two").Output;
        Assert.AreEqual(given, ToolRun.Done("score", "--model", Files.Model, "--file", folder.File("in.txt")).Output);
        Assert.AreEqual(given, ToolRun.Done("score", "--model", Files.Model, "--file", folder.File("in.jsonl")).Output);
        string[] arguments = ["score", "--model", Files.Model];
        Assert.AreEqual(given, ToolRun.Of(arguments, "the cat sat\r\none two", null, CancellationToken.None).Output);

        File.WriteAllText(folder.File("bad.jsonl"), "{\"text\":\"a\"}\n{\"texts\":\"b\"}\n");
        ToolRun bad = ToolRun.Of("score", "--model", Files.Model, "--file", folder.File("bad.jsonl"));
        Assert.AreEqual(ExitCode.Failed, bad.ExitCode);
        StringAssert.Contains(bad.Error, "bad.jsonl, line 2: there must be a text \"text\".");
    }

    [TestMethod]
    public void AChoiceHasProbabilities()
    {
        string[] question = ["choose", "--model", Files.Model, "--context", "the cat", "sat", "on", "river"];
        JsonElement answer = ToolRun.Done([.. question, "--json"]).Objects.Single();
        double[] probabilities = [.. answer.GetProperty("probability").EnumerateArray().Select(p => p.GetDouble())];
        Assert.AreEqual(1, probabilities.Sum(), 1e-5);
        int best = answer.GetProperty("predicted").GetInt32();
        Assert.AreEqual(probabilities.Max(), probabilities[best]);
        string[] lines = ToolRun.Done(question).Lines;
        Assert.HasCount(4, lines);
        Assert.AreEqual(best + 1, Array.FindIndex(lines, line => line.StartsWith('*')));
    }

    [TestMethod]
    public void QuestionsOfUnlikeLengthsComeFromAFile()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("q.jsonl"),
            "{\"context\":\"the\",\"choices\":[\"cat\",\"mat\"]}\n{\"context\":\"one\",\"choices\":[\"two\",\"six\",\"ten\"]}\n");
        JsonElement[] answers = ToolRun.Done("choose", "--model", Files.Model, "--file", folder.File("q.jsonl"), "--json").Objects;
        CollectionAssert.AreEqual(new[] { 2, 3 }, answers.Select(answer => answer.GetProperty("probability").GetArrayLength()).ToArray());
        ToolRun one = ToolRun.Of("choose", "--model", Files.Model, "--context", "x", "y");
        Assert.AreEqual(ExitCode.WrongUsage, one.ExitCode);
        StringAssert.Contains(one.Error, "at least two");
    }

    [TestMethod]
    public void AQuestionWithoutAContextHasThatOfTheCommandLine()
    {
        using var folder = new TemporaryFolder();
        string file = folder.File("q.jsonl");
        File.WriteAllText(file, "{\"choices\":[\"cat\",\"mat\"]}\n{\"context\":\"one\",\"choices\":[\"two\",\"six\"]}\n");
        string[] arguments = ["choose", "--model", Files.Model, "--file", file, "--json"];
        JsonElement[] answers = ToolRun.Done([.. arguments, "--context", "the"]).Objects;
        CollectionAssert.AreEqual(
            new[] { "the", "one" }, answers.Select(answer => answer.GetProperty("context").GetString()).ToArray());
        string[] question = ["choose", "--model", Files.Model, "--context", "the", "cat", "mat", "--json"];
        Assert.AreEqual(answers[0].GetRawText(), ToolRun.Done(question).Objects.Single().GetRawText());
        ToolRun none = ToolRun.Of(arguments);
        Assert.AreEqual(ExitCode.Failed, none.ExitCode);
        StringAssert.Contains(none.Error, "q.jsonl, line 1: there must be a text \"context\", or one for all such lines as --context.");
    }

    [TestMethod]
    public void OnlyGapsAreFilled()
    {
        string[] lines = ToolRun.Done("infill", "--model", Files.Model, "the cat [MASK] on", "no gap").Lines;
        Assert.AreEqual("no gap", lines[^1]);
        JsonElement row = ToolRun.Done("infill", "--model", Files.Model, "a [MASK*1-3] b", "--candidate", "cat", "--json").Objects.Single();
        Assert.AreEqual("a cat b", row.GetProperty("filled").GetString());
        Limit.Below(0, row.GetProperty("logProbability").GetDouble());
        string[] draws = ["--count", "3", "--temperature", "1", "--json"];
        Assert.HasCount(3, ToolRun.Done(["infill", "--model", Files.Model, "a [MASK*2] b", .. draws]).Objects);
    }

    [TestMethod]
    public void TextsAreWrittenAsTheLibraryWritesThem()
    {
        using MaskedDiffusionModel model = MaskedDiffusionModel.Load(Files.Model);
        SamplingOptions sampling = SamplingPresets.LLaDA;
        (sampling.Steps, sampling.Temperature, sampling.Seed, sampling.BlockLength) = (4, 0.5, 7, 4);
        var generator = new TextGenerator(model, new GenerationOptions { MaxNewTokens = 8, Sampling = sampling });
        GeneratedText written = generator.Generate("the cat");
        string expected = written.Text;
        string[] arguments =
        [
            "generate", "--model", Files.Model, "the cat", "--preset", "LLaDA", "--steps", "4", "--temperature", "0.5", "--seed", "7",
            "--length", "8", "--set", "Generation.Sampling.BlockLength=4",
        ];
        JsonElement text = ToolRun.Done([.. arguments, "--json"]).Objects.Single();
        Assert.AreEqual(expected, text.GetProperty("text").GetString());
        Assert.AreEqual(written.StepCount, text.GetProperty("steps").GetInt32());
        Assert.AreEqual("the cat" + expected + Environment.NewLine, ToolRun.Done(arguments).Output);
        StringAssert.StartsWith(ToolRun.Done([.. arguments, "--watch"]).Output, "the cat");
        Assert.HasCount(2, ToolRun.Done([.. arguments, "--count", "2", "--json"]).Objects);
    }

    [TestMethod]
    public void APromptThatCannotBeUsedIsNamedAndTheOthersAreContinued()
    {
        string longPrompt = string.Concat(Enumerable.Repeat("cat ", 200));
        foreach (string[] more in new string[][] { [], ["--watch"] })
        {
            ToolRun run = ToolRun.Of([
                "generate", "--model", Files.Model, longPrompt, "the", "--length", "2", "--set", "Generation.InvalidRows=Skip", .. more]);
            Assert.AreEqual(ExitCode.Failed, run.ExitCode);
            StringAssert.Contains(run.Error, "Nothing is written after prompt 1: its ");
            Assert.DoesNotContain("prompt 2", run.Error);
            Assert.IsTrue(run.Lines.Any(line => line.StartsWith("the", StringComparison.Ordinal)), run.Output);
        }
    }

    [TestMethod]
    public void EqualTextsAreNotWrittenSeveralTimes()
    {
        string[] arguments =
        [
            "generate", "--model", Files.Model, "the", "--preset", "LLaDA", "--length", "4", "--set", "Generation.Sampling.BlockLength=4",
        ];
        ToolRun equal = ToolRun.Of([.. arguments, "--count", "3"]);
        Assert.AreEqual(ExitCode.WrongUsage, equal.ExitCode, equal.Error);
        Assert.AreEqual("", equal.Output);
        StringAssert.Contains(equal.Error, "error: --count (Count) is 3; it must be 1 where nothing is drawn, because all results would be "
            + "the same: set --temperature (SamplingOptions.Temperature) above 0.");
        Assert.HasCount(3, ToolRun.Done([.. arguments, "--count", "3", "--temperature", "0.5", "--json"]).Objects);
    }

    [TestMethod]
    public void PerplexityIsMeasuredForEachFileAndForAll()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("held.txt"), "the cat sat on the mat\n\none two three\n");
        string[] options = ["--model", Files.Model, "--documents", "BlankLine", "--samples", "4", "--max-documents", "2"];
        JsonElement[] rows = ToolRun.Done(["perplexity", Files.Text, folder.File("held.txt"), .. options, "--json"]).Objects;
        CollectionAssert.AreEqual(new[] { Files.Text, folder.File("held.txt"), "all" },
            rows.Select(row => row.GetProperty("data").GetString()).ToArray());
        Assert.AreEqual(4, rows[2].GetProperty("documents").GetInt64());
        double nats = rows[1].GetProperty("negativeLogLikelihood").GetDouble();
        Assert.AreEqual(Math.Exp(nats), rows[1].GetProperty("perplexity").GetDouble(), 1e-6);
        ToolRun plain = ToolRun.Done(["perplexity", folder.File("held.txt"), .. options]);
        StringAssert.StartsWith(plain.Lines[0], "data\tdocuments\ttokens\tbytes\tnegative log likelihood (nats per token)");
        StringAssert.Contains(plain.Lines[1], " ± ");
    }

    [TestMethod]
    public void AnEvaluationOfNothingIsNoSuccess()
    {
        using var folder = new TemporaryFolder();
        string missing = folder.File("piqa.jsonl");
        ToolRun none = ToolRun.Of("eval", missing, "--model", Files.Model);
        Assert.AreEqual(ExitCode.Failed, none.ExitCode);
        StringAssert.Contains(none.Error, $"There is no file and no folder {missing}.");
        string longText = string.Concat(Enumerable.Repeat("the cat sat on the mat ", 40));
        File.WriteAllText(missing, $"{{\"goal\":\"{longText}\",\"sol1\":\"a\",\"sol2\":\"b\",\"label\":0}}\n");
        ToolRun unscored = ToolRun.Of("eval", missing, "--model", Files.Model, "--samples", "4", "--json");
        Assert.AreEqual(ExitCode.Failed, unscored.ExitCode, unscored.Error);
        JsonElement facts = unscored.Objects.Single();
        Assert.AreEqual(1, facts.GetProperty("notScored").GetInt32());
        Assert.AreEqual(JsonValueKind.Null, facts.GetProperty("accuracy").ValueKind);
        Assert.AreEqual(JsonValueKind.Null, facts.GetProperty("accuracyNoiseError").ValueKind);
    }

    [TestMethod]
    public void ZeroShotTasksAreFoundByTheirFilesNames()
    {
        using var folder = new TemporaryFolder();
        string rows = "{\"query\":\"the cat\",\"choices\":[\"sat\",\"river\"],\"gold\":0}\n";
        File.WriteAllText(folder.File("piqa_validation.jsonl"), rows + rows);
        string[] arguments = ["eval", folder.Path, "--model", Files.Model, "--samples", "4", "--max-questions", "1", "--truncate"];
        JsonElement result = ToolRun.Done([.. arguments, "--json"]).Objects.Single();
        Assert.AreEqual("piqa", result.GetProperty("task").GetString());
        Assert.AreEqual(1, result.GetProperty("questions").GetInt32());
        StringAssert.Contains(ToolRun.Done(arguments).Output, "accuracy ± questions ± noise");
        File.Move(folder.File("piqa_validation.jsonl"), folder.File("other.jsonl"));
        ToolRun none = ToolRun.Of(arguments);
        Assert.AreEqual(ExitCode.WrongUsage, none.ExitCode);
        StringAssert.Contains(none.Error, "--task");
        Assert.AreEqual("piqa", ToolRun.Done([.. arguments, "--task", "piqa", "--json"]).Objects.Single().GetProperty("task").GetString());
        StringAssert.Contains(ToolRun.Of([.. arguments, "--task", "piqa", "--published"]).Error, "leave one out");
    }

    [TestMethod]
    public void WhatIsMeasuredBeforeAFileThatCannotBeReadIsTold()
    {
        using var folder = new TemporaryFolder();
        string first = folder.File("piqa_a.jsonl"), second = folder.File("piqa_b.jsonl");
        string row = "{\"query\":\"the cat\",\"choices\":[\"sat\",\"river\"],\"gold\":0}\n";
        File.WriteAllText(first, row);
        File.WriteAllText(second, row + "no JSON\n");
        ToolRun tasks = ToolRun.Of("eval", first, second, "--model", Files.Model, "--samples", "4", "--truncate", "--json");
        Assert.AreEqual(ExitCode.Failed, tasks.ExitCode, tasks.Error);
        Assert.AreEqual(first, tasks.Objects.Single().GetProperty("file").GetString());
        StringAssert.Contains(tasks.Error, $"{second}, line 2: ");
        // Texts are measured in one go, so their fault comes before the work and not behind it.
        string good = folder.File("a.jsonl"), bad = folder.File("b.jsonl");
        File.WriteAllText(good, "{\"text\":\"the cat\"}\n");
        File.WriteAllText(bad, "{\"text\":\"the cat\"}\nno JSON\n");
        string[] texts = ["perplexity", good, bad, "--model", folder.File("none.mdm"), "--samples", "4", "--json"];
        ToolRun run = ToolRun.Of(texts);
        Assert.AreEqual(ExitCode.Failed, run.ExitCode, run.Error);
        StringAssert.Contains(run.Error, $"{bad}, line 2: ");
        // Rows that are not measured are not read.
        StringAssert.Contains(ToolRun.Of([.. texts, "--max-documents", "1"]).Error, "There is no saved model at");
    }

    [TestMethod]
    public void ATerminalGetsATable()
    {
        var terminal = new TestConsole { Profile = { Width = 120 } };
        string[] arguments = ["score", "--model", Files.Model, "[red]x[/]"];
        ToolRun run = ToolRun.Of(arguments, "", terminal, CancellationToken.None);
        Assert.AreEqual(ExitCode.Done, run.ExitCode, run.Error);
        Assert.AreEqual("", run.Output);
        StringAssert.Contains(terminal.Output, "bits per byte");
        StringAssert.Contains(terminal.Output, "[red]x[/]");
    }

    [TestMethod]
    public void ATextThatCannotBeFilledIsLeftAndTheOthersAreFilled()
    {
        string[] texts = ["a [MASK] b", "a [MASK*0] b", "one [MASK] two"];
        ToolRun run = ToolRun.Of(["infill", "--model", Files.Model, "--json", .. texts]);
        Assert.AreEqual(ExitCode.Failed, run.ExitCode);
        Assert.HasCount(3, run.Objects);
        Assert.AreEqual(texts[1], run.Objects[1].GetProperty("filled").GetString());
        Assert.IsFalse(string.IsNullOrEmpty(run.Objects[1].GetProperty("error").GetString()));
        Assert.AreEqual(JsonValueKind.Null, run.Objects[2].GetProperty("error").ValueKind);
        ToolRun tooLong = ToolRun.Of("infill", "--model", Files.Model, "a [MASK*1]", "b [MASK*100]");
        Assert.AreEqual(ExitCode.Failed, tooLong.ExitCode);
        StringAssert.Contains(tooLong.Error, "'b [MASK*100]' is left as it is. ");
        StringAssert.Contains(tooLong.Error, " tokens");
        Assert.DoesNotContain("[MASK]", run.Objects[2].GetProperty("filled").GetString()!);
    }

    [TestMethod]
    public void AnEmptyTextHasNoSignAndAnEmptyChoiceIsRefused()
    {
        StringAssert.Contains(ToolRun.Done("score", "--model", Files.Model, "--json", "").Output, "\"negativeLogLikelihood\":0,");
        ToolRun choice = ToolRun.Of("choose", "--model", Files.Model, "--context", "a", "b", "");
        Assert.AreEqual(ExitCode.WrongUsage, choice.ExitCode);
        StringAssert.Contains(choice.Error, "empty choice");
    }
}
