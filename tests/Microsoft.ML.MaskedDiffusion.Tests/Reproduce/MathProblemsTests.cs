using System.Text.Json;
using System.Text.RegularExpressions;
using Reproduce.Experiments.Common;
using Reproduce.Experiments.MathProblems;
using Reproduce.Runs;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The prompts, the answers and the check of the word problems, in hand-worked cases.</summary>
[TestClass]
public sealed partial class MathProblemsTests
{
    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    [DataRow("Answer: 2+3=5\n#### 5", "5")]
    [DataRow("#### 5\n", "5", DisplayName = "a line break at the end")]
    [DataRow("2+3=5#### 5", "5", DisplayName = "the mark in the middle of the last line")]
    [DataRow("#### 1 #### 2", "1 #### 2", DisplayName = "the first mark of the line, up to its end")]
    [DataRow("#### 5\nso 5", "", DisplayName = "a mark before the last line")]
    [DataRow("#### 5\n\n", "", DisplayName = "an empty line after it")]
    [DataRow("####5", "", DisplayName = "no space after the mark")]
    [DataRow("The answer is 5", "", DisplayName = "no mark")]
    [DataRow("", "")]
    public void TheAnswerIsWhatFollowsTheMarkInTheLastLine(string text, string answer) =>
        Assert.AreEqual(answer, AnswerCheck.Extract(text));

    [TestMethod]
    [DataRow("5", "5", true)]
    [DataRow("5", "6", false)]
    [DataRow("100,000", "100000", true)]
    [DataRow("1,234,567.5", "1234567.50", true)]
    [DataRow("-1,000", "-1000", true)]
    [DataRow("-3", "3", false)]
    [DataRow("2.50", "2.5", true)]
    [DataRow("0.5", ".5", true)]
    [DataRow("2+3=5", "5", true)]
    [DataRow("$18", "18", true)]
    [DataRow("18 dollars", "18", true)]
    [DataRow("18 dollars.", "18", true)]
    [DataRow("7 apples", "7", false)]
    [DataRow("1,2", "12", true, DisplayName = "a comma between digits groups them, as published")]
    [DataRow("", "5", false)]
    [DataRow("", "", false)]
    [DataRow("five", "five", true)]
    [DataRow("five", "5", false)]
    [DataRow("1e3", "1000", false)]
    public void AnswersAreComparedAsPublished(string answer, string reference, bool isRight) =>
        Assert.AreEqual(isRight, AnswerCheck.AreEqual(answer, reference));

    [TestMethod]
    public void RowsAndPromptsAreThoseOfThePublishedRecipe()
    {
        string line = JsonSerializer.Serialize(new { question = "Ann has 2 pens.", answer = "2+0=2\n#### 2" });
        string path = _folder.File("train.jsonl");
        File.WriteAllText(path, line + "\n");
        FineTuningRow[] rows = [.. FineTuningReader.Gsm8k.Read(path)];
        FineTuningRow[] expected =
        [
            new("Question: Ann has 2 pens.", "", "Answer: 2+0=2\n"),
            new("Question: Ann has 2 pens.", "Answer: 2+0=2\n", "#### 2"),
        ];
        CollectionAssert.AreEqual(expected, rows);
        Problem problem = Problem.Read(path).Single();
        Assert.AreEqual(new Problem("Ann has 2 pens.", "2"), problem);
        Assert.AreEqual(problem, Problem.Of(rows[1]));
        Assert.AreEqual(rows[0].Prompt, Solver.Prompt(problem));
        Assert.AreEqual(
            new FineTuningRow("Question: Ann has 2 pens.", "", "Answer: 2+0=2\n#### 2"), Solver.InOneStage(rows).Single());
    }

    [TestMethod]
    public void EveryDigitIsATokenAndPartsAreCutAsTheWholeIs()
    {
        var options = new RunOptions { Folder = _folder.File("run") };
        TextTokenizer tokenizer = TrainedTokenizer.WithSingleDigits(
            new Run("math", options, new Collected<TrainingProgress>()), "tokenizer",
            Enumerable.Range(0, 20).Select(i => $"Question: Ann has {i} pens.Answer: 1{i}+10={i}\n#### {i}"), 300);
        string[] tokens = [.. tokenizer.Encode("has 120 pens").Select(id => tokenizer.Decode([id]))];
        CollectionAssert.IsSubsetOf(new[] { "1", "2", "0" }, tokens);
        // What the second stage reads is what was trained on in parts.
        var row = new FineTuningRow("Question: Ann has 12 pens.", "Answer: 12+10=22\n", "#### 22");
        CollectionAssert.AreEqual(row.Encode(tokenizer).Prompt, tokenizer.Encode(row.Prompt + row.Reasoning));
    }

    [TestMethod]
    [DataRow("not JSON")]
    [DataRow("[1]")]
    [DataRow("{\"question\": \"a\"}")]
    [DataRow("{\"question\": \"a\", \"answer\": \"no mark\"}")]
    [DataRow("{\"question\": \"a\", \"answer\": \"#### 1 #### 2\"}")]
    [DataRow("{\"question\": \"a\", \"answer\": 3}")]
    public void ALineOfAnotherFormIsAnErrorThatNamesIt(string line)
    {
        string path = _folder.File("bad.jsonl");
        File.WriteAllLines(path, ["{\"question\": \"a\", \"answer\": \"#### 1\"}", line]);
        FormatException error = Assert.Throws<FormatException>(() => Problem.Read(path));
        StringAssert.Contains(error.Message, $"{path}, line 2");
    }

    [TestMethod]
    public void ArithmeticIsRightAndTheTestHasOtherNumbers()
    {
        var arithmetic = new Arithmetic(0.2, new Random(4));
        var random = new Random(5);
        string[] training = [.. Enumerable.Range(0, 3000).Select(_ => arithmetic.TrainingLine(random))];
        string[] test = [.. Enumerable.Range(0, 300).Select(_ => arithmetic.TestLine(random))];
        foreach (string line in training.Concat(test))
            CheckProblem(line);
        HashSet<string> known = [.. training.Select(Numbers)];
        Assert.IsFalse(test.Select(Numbers).Any(known.Contains));
    }

    private static void CheckProblem(string line)
    {
        Problem problem = Problem.Parse(line, "here");
        int[] n = [.. Number().Matches(problem.Question).Select(match => int.Parse(match.Value))];
        int expected = problem.Question switch
        {
            var text when text.Contains("loses", StringComparison.Ordinal) => n[0] + n[1] - n[2],
            var text when text.Contains("buys", StringComparison.Ordinal) => n.Sum(),
            _ => n[0] * n[1] + n[2],
        };
        Assert.AreEqual(expected, int.Parse(problem.Reference), problem.Question);
        using JsonDocument row = JsonDocument.Parse(line);
        string[] steps = row.RootElement.GetProperty("answer").GetString()!.Split('\n')[..2];
        foreach (string step in steps)
        {
            Match parts = Step().Match(step);
            (int left, int right) = (int.Parse(parts.Groups[1].Value), int.Parse(parts.Groups[3].Value));
            int result = parts.Groups[2].Value switch { "+" => left + right, "-" => left - right, _ => left * right };
            Assert.AreEqual(result, int.Parse(parts.Groups[4].Value), step);
        }
    }

    private static string Numbers(string line) =>
        string.Join(" ", Number().Matches(Problem.Parse(line, "here").Question).Select(match => match.Value));

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();

    [GeneratedRegex(@"^(\d+)([-+*])(\d+)=(\d+)$")]
    private static partial Regex Step();
}
