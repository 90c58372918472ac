using System.Text.Json;
using DocumentationDemo.Corpus;
using Reproduce.Experiments.MtBench;
using Reproduce.Results;
using Reproduce.Runs;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Questions and answer files in FastChat's format.</summary>
[TestClass]
public sealed class MtBenchTests
{
    private static readonly JudgedQuestion[] Questions =
    [
        new(81, "writing", ["Write a line.", "Write it again."]), new(82, "math", ["What is 1 + 1?", "And 2 + 2?"]),
    ];

    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    public void AnAnswerFileIsWhatTheJudgeReads()
    {
        string path = _folder.File("small.jsonl");
        AnswerFile.Write(path, Questions.Zip(["A line.", "\"2\"\n"]).Reverse(), 1, DateTimeOffset.FromUnixTimeMilliseconds(1500));
        Assert.IsEmpty(AnswerFile.Faults(path, Questions));
        string[] lines = File.ReadAllLines(path);
        Assert.HasCount(2, lines);
        using JsonDocument line = JsonDocument.Parse(lines[1]);
        string id = line.RootElement.GetProperty("answer_id").GetString()!;
        // Written out by hand, so that names and places of fields are those of FastChat.
        Assert.AreEqual(
            $$"""{"question_id":82,"answer_id":"{{id}}","model_id":"small","choices":[{"index":0,"turns":["\"2\"\n",""]}],"tstamp":1.5}""",
            lines[1]);
    }

    [TestMethod]
    [DataRow("\"question_id\":81", "\"question_id\":82", "sorted")]
    [DataRow("\"question_id\":81", "\"question_id\":83", "there is no question 83")]
    [DataRow("\"question_id\":81", "\"question_id\":83", "question 81 has no answer")]
    [DataRow("\"model_id\":\"small\"", "\"model_id\":\"large\"", "model_id")]
    [DataRow("\"tstamp\":1.5", "\"tstamp\":0", "tstamp")]
    [DataRow("\"tstamp\":1.5", "\"time\":1.5", "fields")]
    [DataRow("\"tstamp\":1.5", "\"tstamp\":\"today\"", "line 1")]
    [DataRow("\"index\":0", "\"index\":1", "index 0")]
    [DataRow("[\"A line.\",\"\"]", "[\" \",\"\"]", "the answer is empty")]
    [DataRow("[\"A line.\",\"\"]", "[\"A line.\",\"More.\"]", "after the first")]
    [DataRow("[\"A line.\",\"\"]", "[\"A line.\"]", "1 turns and the question 2")]
    [DataRow("\"answer_id\":\"", "\"answer_id\":\"x", "short UUID")]
    [DataRow("{\"question_id\":81", "\"question_id\":81", "line 1")]
    public void EachFaultOfAFileIsFound(string part, string replaced, string fault)
    {
        string path = _folder.File("small.jsonl");
        AnswerFile.Write(path, Questions.Zip(["A line.", "2"]), 1, DateTimeOffset.FromUnixTimeMilliseconds(1500));
        string[] lines = File.ReadAllLines(path);
        Assert.Contains(part, lines[0]);
        lines[0] = lines[0].Replace(part, replaced, StringComparison.Ordinal);
        File.WriteAllLines(path, lines);
        Assert.Contains(fault, string.Join("\n", AnswerFile.Faults(path, Questions)));
    }

    [TestMethod]
    public void AnAnswerIdThatStandsTwiceIsAFault()
    {
        string path = _folder.File("small.jsonl");
        AnswerFile.Write(path, Questions.Zip(["A line.", "2"]), 1, DateTimeOffset.FromUnixTimeMilliseconds(1500));
        string[] lines = File.ReadAllLines(path);
        File.WriteAllLines(path, [lines[0], lines[0].Replace("\"question_id\":81", "\"question_id\":82", StringComparison.Ordinal)]);
        Assert.Contains("a second time", string.Join("\n", AnswerFile.Faults(path, Questions)));
    }

    [TestMethod]
    public void QuestionsAreReadInTheOrderOfTheirIds()
    {
        string path = _folder.File("question.jsonl");
        File.WriteAllLines(path, Questions.Reverse().Select(question => JsonSerializer.Serialize(
            new { question_id = question.Id, category = question.Category, turns = question.Turns, reference = new[] { "", "" } })));
        JudgedQuestion[] read = JudgedQuestion.Read(path);
        CollectionAssert.AreEqual(new[] { 81, 82 }, read.Select(question => question.Id).ToArray());
        CollectionAssert.AreEqual(Questions[0].Turns, read[0].Turns);
    }

    [TestMethod]
    [DataRow("no JSON")]
    [DataRow("{\"question_id\": 1, \"category\": \"a\"}")]
    [DataRow("{\"question_id\": 1, \"category\": \"a\", \"turns\": []}")]
    [DataRow("{\"question_id\": 1, \"category\": \"a\", \"turns\": [\"\"]}")]
    [DataRow("{\"question_id\": \"1\", \"category\": \"a\", \"turns\": [\"b\"]}")]
    [DataRow("{\"question_id\": 0, \"category\": \"a\", \"turns\": [\"b\"]}", DisplayName = "the id of the first line")]
    public void ALineOfAnotherFormIsAnErrorThatNamesIt(string line)
    {
        string path = _folder.File("question.jsonl");
        File.WriteAllLines(path, ["{\"question_id\": 0, \"category\": \"a\", \"turns\": [\"b\"]}", line]);
        StringAssert.Contains(Assert.Throws<FormatException>(() => JudgedQuestion.Read(path)).Message, $"{path}, line 2");
    }

    [TestMethod]
    public void FilesThatAreNotThereAreNamed()
    {
        var options = new RunOptions { DataFolder = _folder.Path, Folder = _folder.File("run") };
        var run = new Run("mt-bench", options, new Collected<TrainingProgress>());
        string message = Assert.Throws<FileNotFoundException>(() => new MtBenchExperiment().Measure(run)).Message;
        Assert.Contains("sharegpt.json", message);
        File.WriteAllText(_folder.File("sharegpt.json"), "[]");
        Assert.Contains("question.jsonl", Assert.Throws<FileNotFoundException>(() => new MtBenchExperiment().Measure(run)).Message);
    }

    [TestMethod]
    public void StandInsTakeThePlaceOfTheFiles()
    {
        var options = new RunOptions { Scale = 0.002, UsesStandIns = true, Folder = _folder.File("run") };
        ExperimentResult result = new MtBenchExperiment().Measure(new Run("mt-bench", options, new Collected<TrainingProgress>()));
        Assert.AreEqual(Verdict.Holds, result.Claims[0].Verdict, result.Claims[0].Measured);
        Assert.Contains("stand-ins", result.Claims[0].Measured);
        Assert.HasCount(2, Directory.GetFiles(Path.Combine(options.Folder, RunFolder.Answers)));
    }

    [TestMethod]
    public void StandInsAreOfThePublishedFormats()
    {
        CorpusRow[] rows = [CorpusRow.Create("a", "string length property:", "The number of characters.")];
        StandIns.WriteDialogues(_folder.File("sharegpt.json"), rows, new Random(1));
        FineTuningRow row = FineTuningReader.ShareGpt.Read(_folder.File("sharegpt.json")).Single();
        Assert.AreEqual("The number of characters.", row.Answer);
        Assert.EndsWith(" ASSISTANT:", row.Prompt);
        Assert.Contains("string length property", row.Prompt);
        StandIns.WriteQuestions(_folder.File("question.jsonl"), rows, new Random(1));
        JudgedQuestion question = JudgedQuestion.Read(_folder.File("question.jsonl")).Single();
        Assert.AreEqual((81, 2), (question.Id, question.Turns.Length));
    }
}
