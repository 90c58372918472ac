using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Prompts as lm-evaluation-harness 0.4.4 renders them, on rows written here in each data set's official format.</summary>
[TestClass]
public sealed class ZeroShotTaskTests
{
    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    public void HellaSwag_CleansMarksAndCapitalizesLikePython()
    {
        ZeroShotQuestion q = Single(
            "hellaswag",
            """{"ind": 24, "activity_label": "Roof shingle removal", "ctx_a": "A man is  on a roof. [header] Tools [title] Ladder","""
            + """ "ctx_b": "he iS Ready", "endings": [" is using wrap [step] now.", "is ripping level tiles off.", "c", """
            + """ "d"], "label": 3}""");
        Assert.AreEqual("Roof shingle removal: A man is on a roof. Tools. Ladder He is ready", q.Context);
        Assert.AreEqual("is using wrap now.", q.Choices[0]);
        Assert.AreEqual(3, q.Gold);
        Assert.AreEqual("24", q.Id);
    }

    [TestMethod]
    public void OpenBookQA_UsesTheBareStem()
    {
        ZeroShotQuestion q = Single(
            "openbookqa",
            """{"id": "8-343", "question": {"stem": "A person wants to", "choices": [{"text": "make", "label": "A"}, """
            + """{"text": "quit", "label": "B"}]}, "answerKey": " B"}""");
        Assert.AreEqual("A person wants to", q.Context);
        Assert.AreEqual(1, q.Gold);
    }

    [TestMethod]
    [DataRow("""{"id": "x", "question": {"stem": "Why?", "choices": [{"text": "a", "label": "1"}, {"text": "b", "label": "2"}, """
        + """{"text": "c", "label": "3"}]}, "answerKey": "3"}""")]
    [DataRow("""{"id": "x", "question": "Why?", "choices": {"text": ["a", "b", "c"], "label": ["1", "2", "3"]}, "answerKey": "3"}""")]
    public void ArcEasy_ReadsBothPublishedFormats(string row)
    {
        ZeroShotQuestion q = Single("arc_easy", row);
        Assert.AreEqual("Question: Why?\nAnswer:", q.Context);
        Assert.AreEqual(2, q.Gold);
        Assert.AreEqual(" ", q.Separator);
    }

    [TestMethod]
    [DataRow("""{"passage": "P.", "question": "is it", "answer": true}""", 1)]
    [DataRow("""{"passage": "P.", "question": "is it", "label": 0, "idx": 7}""", 0)]
    public void BoolQ_OffersNoThenYes(string row, int gold)
    {
        ZeroShotQuestion q = Single("boolq", row);
        Assert.AreEqual("P.\nQuestion: is it?\nAnswer:", q.Context);
        CollectionAssert.AreEqual(new[] { "no", "yes" }, q.Choices.ToArray());
        Assert.AreEqual(gold, q.Gold);
    }

    [TestMethod]
    [DataRow("""{"goal": "dresser", "sol1": "a", "sol2": "b", "label": 1}""")]
    [DataRow("""{"query": "Question: dresser\n", "choices": ["a", "b"], "gold": 1}""")]
    public void Piqa_OfficialAndReadyMadeRowsGiveTheSamePrompt(string row)
    {
        ZeroShotQuestion q = Single("piqa", row);
        Assert.AreEqual("Question: dresser\nAnswer:", q.Context);
        Assert.AreEqual(1, q.Gold);
    }

    [TestMethod]
    public void SocialIQa_CountsLabelsFromOne()
    {
        ZeroShotQuestion q = Single(
            "social_iqa",
            """{"context": "Tracy didn't go.", "question": "What next?", "answerA": "a", "answerB": "b", "answerC": "c", "label": "3"}""");
        Assert.AreEqual("Q: Tracy didn't go. What next?\nA:", q.Context);
        Assert.AreEqual(2, q.Gold);
    }

    [TestMethod]
    public void Race_GivesEarlierQuestionsWithAnswersAndKeepsTheHarnessClozeForm()
    {
        ZeroShotQuestion q = Single(
            "race",
            """{"id": "high1.txt", "article": "Text.", "questions": ["Who?", "The cat is  _  .", "Why?"],"""
            + """ "options": [["x", "y", "z", "w"], ["p", "q", "r", "s"], ["k", "l", "m", "n"]], "answers": ["B", "A", "D"]}""");
        Assert.AreEqual("Article: Text.\n\nQuestion: Who?\nAnswer: y\n _  .p\nWhy?", q.Context);
        CollectionAssert.AreEqual(new[] { "k", "l", "m", "n" }, q.Choices.ToArray());
        Assert.AreEqual(3, q.Gold);
    }

    [TestMethod]
    [DataRow("""{"text": "He looked at the old signs"}""")]
    [DataRow("""{"context": "He looked at the old", "continuation": "signs"}""")]
    public void Lambada_CutsTheLastWord(string row)
    {
        ZeroShotQuestion q = Single("lambada_standard", row);
        Assert.AreEqual("He looked at the old", q.Context);
        Assert.AreEqual("signs", q.Choices.Single());
        Assert.IsTrue(ZeroShotTask.FromName("lambada_standard").Greedy);
    }

    [TestMethod]
    public void JsonDefinition_FillsTemplatesAndFindsTheGoldByIndexOrText()
    {
        string definition = Write("task.json", """
            { "name": "mine", "context": "Q {{x}}: {item.stem}", "choices": ["{a}", "{b}"], "gold_field": "answer", "first_index": 1 }
            """);
        ZeroShotTask task = ZeroShotTask.FromJsonFile(definition);
        string rows = Write("rows.jsonl", """
            {"item": {"stem": "one"}, "a": "left", "b": "right", "answer": 2}

            {"item": {"stem": "two"}, "a": "left", "b": "right", "answer": "left"}
            """);
        ZeroShotQuestion[] questions = [.. task.ReadFile(rows)];
        CollectionAssert.AreEqual(new[] { "Q {x}: one", "Q {x}: two" }, questions.Select(q => q.Context).ToArray());
        CollectionAssert.AreEqual(new[] { 1, 0 }, questions.Select(q => q.Gold).ToArray());
        CollectionAssert.AreEqual(
            new[] { "1", "3" }, questions.Select(q => q.Id).ToArray(), "without an id of its own a row is known by its line");
    }

    [TestMethod]
    public void EqualOptionsAreAQuestionAsInTheHarness()
    {
        // Row Mercury_7221148 of the official ARC-Easy test set has such options.
        string[] options = ["decrease", "decrease", "increase", "remain the same"];
        var choices = options.Select((text, i) => new { text, label = $"{(char)('A' + i)}" });
        string rows = Write("arc.jsonl",
            JsonSerializer.Serialize(new { id = "m", question = new { stem = "What happens?", choices }, answerKey = "C" }));
        ZeroShotQuestion q = ZeroShotTask.FromName("arc_easy").ReadFile(rows).Single();
        CollectionAssert.AreEqual(options, q.Choices.ToArray());
        Assert.AreEqual(2, q.Gold);
    }

    [TestMethod]
    public void FilesMayBeginWithAByteOrderMark()
    {
        const string Mark = "\uFEFF";
        string definition = Write("task.json", Mark + """
            { "name": "mine", "context": "{q}", "choices_field": "o", "gold_field": "a" }
            """);
        string rows = Write("rows.jsonl", Mark + """{"q": "one", "o": ["x", "y"], "a": 1}""");
        Assert.AreEqual("one", ZeroShotTask.FromJsonFile(definition).ReadFile(rows).Single().Context);
    }

    [TestMethod]
    public void HalfASurrogatePairIsNamedByFileAndLine()
    {
        string rows = Write("rows.jsonl", """{"goal": "half \ud83d", "sol1": "a", "sol2": "b", "label": 0}""");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(
            () => ZeroShotTask.FromName("piqa").ReadFile(rows).ToArray()).Message, $"{rows}, line 1: ");
    }

    // The example of docs/evaluation.md.
    private sealed class CapitalsTask : ZeroShotTask
    {
        public override string Name => "capitals";

        protected override ZeroShotQuestion Read(JsonElement row, string id) => new(
            id, $"Question: What is the capital of {row.GetProperty("country").GetString()}?\nAnswer:",
            [.. row.GetProperty("cities").EnumerateArray().Select(city => city.GetString()!)], row.GetProperty("answer").GetInt32());
    }

    [TestMethod]
    public void AClassOfOnesOwn_IsATask()
    {
        var task = new CapitalsTask();
        string good = """{"country": "Peru", "cities": ["Lima", "Quito"], "answer": 0}""";
        ZeroShotQuestion q = task.ReadFile(Write("rows.jsonl", good)).Single();
        Assert.AreEqual("Question: What is the capital of Peru?\nAnswer:", q.Context);
        Assert.AreEqual(("1", 0, " "), (q.Id, q.Gold, q.Separator));
        var lima = new FakeScorer((_, answer) => (answer == " Lima" ? -1 : -2, 0));
        Assert.AreEqual(1, new ZeroShotEvaluator(lima, null).Evaluate(task, [q]).Accuracy.Value);
        string[] bad =
        [
            """{"country": "Peru", "answer": 0}""", """{"country": "Peru", "cities": "Lima", "answer": 0}""",
            """{"country": "Peru", "cities": ["Lima", "Quito"], "answer": 0.5}""",
        ];
        foreach (string line in bad)
        {
            string message =
                Assert.ThrowsExactly<InvalidDataException>(() => task.ReadFile(Write("rows.jsonl", good + "\n" + line)).Count()).Message;
            StringAssert.Contains(message, "rows.jsonl, line 2: the task 'capitals' cannot read this row");
        }
    }

    [TestMethod]
    public void TheDocumentedJsonTask_ReadsItsRow()
    {
        string definition = Write("task.json", """
            {
              "name": "capitals",
              "context": "Question: What is the capital of {country.name}?\nAnswer:",
              "choices_field": "cities",
              "gold_field": "answer",
              "first_index": 1
            }
            """);
        string rows = Write("rows.jsonl", """{"country": {"name": "Peru"}, "cities": ["Lima", "Quito"], "answer": 1}""");
        ZeroShotQuestion q = ZeroShotTask.FromJsonFile(definition).ReadFile(rows).Single();
        Assert.AreEqual("Question: What is the capital of Peru?\nAnswer:", q.Context);
        Assert.AreEqual((0, "Lima"), (q.Gold, q.Choices[0]));
    }

    [TestMethod]
    [DataRow("""{ "name": "mine", "context": "c", "gold_field": "g" }""", "choices")]
    [DataRow("""{ "name": "mine", "context": "c", "choices_field": "x" }""", "gold_field")]
    [DataRow("""{ "name": "mine", "contxt": "c" }""", "no task definition, whose fields are name, context, choices, ")]
    [DataRow("""{ "name": "mine", "context": "c", "choices_field": "x", "gold_field": "g", "first_index": 2 }""", "first_index")]
    [DataRow("""{ "name": "mine", "contxt": "c" }""", "contxt")]
    [DataRow("not json", "task definition")]
    [DataRow("""{ "name": "mine", "context": null, "choices_field": "x", "gold_field": "g" }""", "context")]
    [DataRow("""{ "name": "mine", "context": "c", "choices": [null, "b"], "gold_field": "g" }""", "'choices' is null")]
    [DataRow("""{ "name": "mine", "context": "c", "choices_field": "x", "gold_field": "g", "delimiter": null }""", "delimiter")]
    [DataRow("""{ "name": "mine", "context": "Q: {q", "choices_field": "x", "gold_field": "g" }""", "'{' at character 4")]
    [DataRow("""{ "name": "mine", "context": "Q: q}", "choices_field": "x", "gold_field": "g" }""", "'}' at character 5")]
    [DataRow("""{ "name": "mine", "context": "{}", "choices_field": "x", "gold_field": "g" }""", "'{' at character 1")]
    [DataRow("""{ "name": "mine", "context": "c", "choices": ["{a}", "{{{b}"], "gold_field": "g" }""", null)]
    [DataRow("""{ "name": "mine", "context": "c", "choices": ["{a}", "{{b}"], "gold_field": "g" }""", "'}' at character 4")]
    [DataRow("""{ "name": "../../x", "context": "c", "choices_field": "x", "gold_field": "g" }""", "names a log file")]
    [DataRow("""{ "name": "a\\b", "context": "c", "choices_field": "x", "gold_field": "g" }""", "names a log file")]
    [DataRow("""{ "name": "", "context": "c", "choices_field": "x", "gold_field": "g" }""", "names a log file")]
    [DataRow("""{ "name": "..", "context": "c", "choices_field": "x", "gold_field": "g" }""", "names a log file")]
    [DataRow("""{ "name": "{200 letters}", "context": "c", "choices_field": "x", "gold_field": "g" }""", null)]
    [DataRow("""{ "name": "{200 letters}é", "context": "c", "choices_field": "x", "gold_field": "g" }""", "names a log file")]
    public void JsonDefinition_WrongFilesSayWhatIsWrong(string definition, string? expected)
    {
        string path = Write("task.json", definition.Replace("{200 letters}", new string('n', 200), StringComparison.Ordinal));
        if (expected is null)
        {
            ZeroShotTask.FromJsonFile(path);
            return;
        }
        string message = Assert.ThrowsExactly<InvalidDataException>(() => ZeroShotTask.FromJsonFile(path)).Message;
        StringAssert.Contains(message, expected);
        StringAssert.Contains(message, path);
    }

    [TestMethod]
    public void TruthIsNoIndex()
    {
        ZeroShotTask task = ZeroShotTask.FromJsonFile(Write("task.json",
            """{ "name": "mine", "context": "{q}", "choices": ["no", "yes"], "gold_field": "a" }"""));
        foreach (string row in new[] { """{"q": "one", "a": true}""", """{"query": "one", "choices": ["no", "yes"], "gold": false}""" })
        {
            string rows = Write("rows.jsonl", row);
            StringAssert.Contains(
                Assert.ThrowsExactly<InvalidDataException>(() => task.ReadFile(rows).ToArray()).Message, "should be a whole number");
        }
    }

    [TestMethod]
    public void AQuestionOfATaskOfOnesOwnMustBeWhole()
    {
        string rows = Write("rows.jsonl", string.Concat(Enumerable.Range(0, 7).Select(n => $"{{\"n\": {n}}}\n")));
        var task = new CarelessTask();
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => task.ReadFile(rows).ToArray()).Message, $"{rows}, line 2: ");
        List<string> faults = [];
        Assert.HasCount(1, task.ReadFile(rows, fault => faults.Add(fault.Message)).ToArray());
        string[] told = ["is null", "Context", "Choices", "Separator", "option is empty", "own mistake"];
        foreach ((string fault, string part) in faults.Zip(told))
            StringAssert.Contains(fault, part);
        Assert.HasCount(6, faults);
    }

    private sealed class CarelessTask : ZeroShotTask
    {
        public override string Name => "careless";

        protected override ZeroShotQuestion Read(JsonElement row, string id) => row.GetProperty("n").GetInt32() switch
        {
            0 => new(id, "c", ["a", "b"], 0),
            1 => null!,
            2 => new(id, null!, ["a", "b"], 0),
            3 => new(id, "c", null!, 0),
            4 => new(id, "c", ["a", "b"], 0, null!),
            5 => new(id, "c", ["a", ""], 0),
            _ => throw new ArgumentException("own mistake"),
        };
    }

    [TestMethod]
    [DataRow("piqa", """{"goal": "g", "sol1": "a", "label": 0}""", "'sol2' is missing")]
    [DataRow("piqa", """{"goal": "g", "sol1": "a", "sol2": " ", "label": 0}""", "empty")]
    [DataRow("piqa", """{"goal": "g", "sol1": "a", "sol2": "b", "label": 2}""", "there are 2 options")]
    [DataRow("piqa", """{"goal": 5, "sol1": "a", "sol2": "b", "label": 1}""", "'goal' should be text")]
    [DataRow("piqa", "{\"goal\": ", "not JSON")]
    [DataRow("piqa", "[1]", "expected a JSON object")]
    [DataRow("arc_easy", """{"question": {"stem": "s", "choices": [{"text": "a", "label": "A"}, {"text": "b", "label": "B"}]},"""
        + """ "answerKey": "E"}""", "answerKey")]
    [DataRow("openbookqa", """{"query": "q", "choices": ["a"], "gold": 0}""", "2 or more options")]
    [DataRow("lambada_standard", """{"text": "word"}""", "last word")]
    public void BadRows_NameFileAndLine(string task, string row, string expected)
    {
        string path = Write("rows.jsonl", "\n" + row + "\n");
        string message = Assert.ThrowsExactly<InvalidDataException>(() => ZeroShotTask.FromName(task).ReadFile(path).Count()).Message;
        StringAssert.Contains(message, expected);
        StringAssert.Contains(message, "rows.jsonl, line 2");
    }

    [TestMethod]
    public void EmptyFilesAndForeignEncodingsAreRefused()
    {
        string empty = Write("empty.jsonl", "\n\n");
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => ZeroShotTask.FromName("piqa").ReadFile(empty).Count()).Message, "no row");
        string latin = Path.Combine(_folder.Path, "latin.jsonl");
        File.WriteAllBytes(latin, [.. "{\"goal\": \""u8, 0xE9, .. "\"}"u8]);
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => ZeroShotTask.FromName("piqa").ReadFile(latin).Count()).Message, "not UTF-8");
    }

    [TestMethod]
    public void FromName_ListsTheTasks() =>
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => ZeroShotTask.FromName("mmlu")).Message, "hellaswag");

    private ZeroShotQuestion Single(string task, string row)
    {
        JsonDocument.Parse(row).Dispose();
        return ZeroShotTask.FromName(task).ReadFile(Write("row.jsonl", row)).Single();
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder.Path, name);
        File.WriteAllText(path, text);
        return path;
    }
}
