using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Evaluation.Statistics;
using Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Figures, errors, logs and resuming, with a scorer that is a plain function.</summary>
[TestClass]
public sealed class ZeroShotEvaluatorTests
{
    private static readonly ZeroShotTask Piqa = ZeroShotTask.FromName("piqa"), Lambada = ZeroShotTask.FromName("lambada_standard");

    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    public void Accuracy_SumPerCharacterPerByte()
    {
        // Sums: a long option loses. Per character: -3 / 6 beats -2 / 2. Per byte: "éé" has 4 bytes, -2 / 4 against -3 / 6: a tie, which
        // the first wins.
        var scorer = new FakeScorer((_, answer) => (answer == " éé" ? -2 : -3, 0));
        ZeroShotQuestion[] questions =
            [new("1", "Q", ["éé", "abcdef"], 0), new("2", "Q", ["éé", "abcdef"], 1), new("3", "Q", ["abcdef", "éé"], 1)];
        ZeroShotResult result = new ZeroShotEvaluator(scorer, null).Evaluate(Piqa, questions);
        Assert.AreEqual(2.0 / 3, result.Accuracy.Value, 1e-15);
        Assert.AreEqual(Math.Sqrt(2.0 / 9 / 2), result.Accuracy.StandardError, 1e-15);
        Assert.AreEqual(0, result.Accuracy.NoiseStandardError);
        Assert.AreEqual(1.0 / 3, result.AccuracyPerCharacter!.Value.Value, 1e-15);
        Assert.AreEqual(1.0 / 3, result.AccuracyPerByte!.Value.Value, 1e-15);
        Assert.IsNull(result.Perplexity);
        CollectionAssert.AreEqual(new[] { 2, 6 }, result.Answers[0].CharacterCounts.ToArray());
        CollectionAssert.AreEqual(new[] { 4, 6 }, result.Answers[0].ByteCounts.ToArray());
        StringAssert.Contains(result.ToString(), "0.6667");
        Assert.IsNull(new ZeroShotEvaluator(scorer, null).Evaluate(ZeroShotTask.FromName("boolq"), questions).AccuracyPerCharacter);
    }

    [TestMethod]
    public void NoiseError_IsTheSpreadUnderNewDraws()
    {
        var scorer = new FakeScorer((_, answer) => (answer == " a" ? -2 : -2.5, 0.5));
        ZeroShotQuestion[] questions = [.. Enumerable.Range(0, 9).Select(i => new ZeroShotQuestion($"{i}", $"Q{i}", ["a", "b"], i % 2))];
        EvaluationMetric accuracy = new ZeroShotEvaluator(scorer, null).Evaluate(Piqa, questions).Accuracy;
        double flip = 1 - NormalDistribution.Cumulative(0.5 / Math.Sqrt(0.5));
        Assert.AreEqual(Math.Sqrt(9 * flip * (1 - flip)) / 9, accuracy.NoiseStandardError, 1e-9);
    }

    [TestMethod]
    public void NoiseError_BoundsTheSpreadOverSeeds()
    {
        // Options of 9 tokens, drawn at random and so about as likely; each seed a new evaluation, its spread counted.
        const int Seeds = 120;
        var random = new Random(2);
        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(7))];
        LikelihoodRequest[][] questions = [.. Enumerable.Range(0, 30)
            .Select(
                question => Enumerable.Range(0, 3)
                    .Select(_ => new LikelihoodRequest([question % 7, question / 7], Ids(9)) { RandomKey = (ulong)question }).ToArray())];
        var evaluator = new CachedEvaluator(new ToyEvaluator(sharpness: 0.5));
        var accuracies = new List<double>();
        double claimed = 0;
        for (int seed = 0; seed < Seeds; seed++)
        {
            LikelihoodEstimate[][] estimates =
                new MaskedDiffusionScorer(evaluator, new() { Samples = 32, Seed = seed }).ScoreQuestions(questions);
            EvaluationMetric accuracy = ZeroShotMetrics.Accuracy([.. estimates.Select((options, i) => new ZeroShotAnswer
            {
                Id = $"{i}", Gold = i % 3, LogLikelihoods = [.. options.Select(option => option.LogLikelihood)],
                StandardErrors = [.. options.Select(option => option.StandardError)],
            })], (_, _) => 1);
            accuracies.Add(accuracy.Value);
            claimed += accuracy.NoiseStandardError * accuracy.NoiseStandardError / Seeds;
        }
        double mean = accuracies.Average(), spread = Math
            .Sqrt(accuracies.Sum(value => (value - mean) * (value - mean)) / (Seeds - 1)), ratio = Math.Sqrt(claimed) / spread;
        Console.WriteLine($"accuracy {mean:F3}, spread over seeds {spread:F4}, noise error claimed {Math.Sqrt(claimed):F4}");
        // A spread over 120 seeds is known to 6.5 % (1 / sqrt(2 * 119)): three of these below 1; above it for the shared random numbers.
        Assert.IsTrue(ratio is > 0.8 and < 2, $"{ratio}");
    }

    [TestMethod]
    public void Options_ShareContextAndRandomNumbers()
    {
        var scorer = new FakeScorer((_, _) => (-1, 0));
        new ZeroShotEvaluator(scorer, null).Evaluate(Piqa, [new("1", "Q: ", ["a", "bc"], 0), new("2", "R", ["a", "b"], 0)]);
        Assert.AreEqual("Q:", scorer.Tokenizer.Decode(scorer.Requests[0].Context));
        // The context's last space moves to the continuation, in front of the separator.
        Assert.AreEqual("  bc", scorer.Tokenizer.Decode(scorer.Requests[1].Answer));
        Assert.AreEqual(scorer.Requests[0].RandomKey, scorer.Requests[1].RandomKey);
        Assert.IsNotNull(scorer.Requests[0].RandomKey);
        Assert.AreNotEqual(scorer.Requests[0].RandomKey, scorer.Requests[2].RandomKey);
    }

    [TestMethod]
    public void OfNoAnswersThereIsNoAccuracyAndNoError()
    {
        EvaluationMetric none = ZeroShotMetrics.GreedyAccuracy([]);
        Assert.AreEqual((double.NaN, double.NaN, double.NaN), (none.Value, none.StandardError, none.NoiseStandardError));
    }

    [TestMethod]
    public void Lambada_PerplexityAndGreedyAccuracy()
    {
        var scorer = new FakeScorer((_, answer) => (-answer.Length, 0.1)) { Greedy = answer => answer == " to" };
        ZeroShotResult result =
            new ZeroShotEvaluator(scorer, null).Evaluate(Lambada, [new("1", "I go", ["to"], 0), new("2", "We", ["see"], 0)]);
        Assert.AreEqual(0.5, result.Accuracy.Value);
        Assert.AreEqual(0, result.Accuracy.NoiseStandardError);
        Assert.AreEqual(new EvaluationMetric(3.5, 0.5, Math.Sqrt(2) * 0.1 / 2), result.LogPerplexity);
        StringAssert.Contains(result.ToString(), "3.5000 ± 0.5000 ± 0.0707");
        Assert.AreEqual(Math.Exp(3.5), result.Perplexity!.Value.Value, 1e-9);
        Assert.AreEqual(Math.Exp(3.5) * 0.5, result.Perplexity.Value.StandardError, 1e-9);
        Assert.AreEqual(Math.Exp(3.5) * Math.Sqrt(2) * 0.1 / 2, result.Perplexity.Value.NoiseStandardError, 1e-9);
        CollectionAssert.AreEqual(new bool?[] { true, false }, result.Answers.Select(answer => answer.IsGreedy).ToArray());
    }

    [TestMethod]
    public void AQuestionOfAGreedyTaskHasOneContinuation()
    {
        var evaluator = new ZeroShotEvaluator(new FakeScorer((_, answer) => (-answer.Length, 0.1)), null);
        var error = Assert.ThrowsExactly<ArgumentException>(() => evaluator.Evaluate(Lambada, [new("1", "I go", ["to", "by"], 1)]));
        StringAssert.Contains(error.Message, "a question of a greedy task has 1 continuation, and this one has 2");
    }

    [TestMethod]
    public void LongContext_IsFlaggedOrCutOnTheLeft()
    {
        ZeroShotQuestion[] questions =
            [new("1", "0123456789", ["a", "bcd"], 1), new("2", "01", ["a", "b"], 0), new("3", "0", ["a", "bcdefghijk"], 0)];
        var scorer = new FakeScorer((_, answer) => (answer == " a" ? -1 : -2, 0), contextLength: 10);
        ZeroShotResult flagged = new ZeroShotEvaluator(scorer, null).Evaluate(Piqa, questions);
        Assert.AreEqual((2, 0, 3), (flagged.TooLongCount, flagged.TruncatedCount, flagged.QuestionCount));
        Assert.AreEqual(1, flagged.Accuracy.Value);
        Assert.AreEqual(AnswerFlag.TooLong, flagged.Answers[0].Flag);
        Assert.AreEqual(-1, flagged.Answers[0].Predicted);

        scorer.Requests.Clear();
        ZeroShotResult cut =
            new ZeroShotEvaluator(scorer, new ZeroShotOptions { ContextOverflow = ContextOverflow.KeepEnd }).Evaluate(Piqa, questions);
        Assert.AreEqual((1, 1), (cut.TooLongCount, cut.TruncatedCount));
        ZeroShotResult none = new ZeroShotEvaluator(scorer, null).Evaluate(Piqa, [questions[2]]);
        Assert.AreEqual(1, none.TooLongCount);
        Assert.IsFalse(none.ToString().Contains("NaN", StringComparison.Ordinal), none.ToString());
        Assert.AreEqual(0.5, cut.Accuracy.Value);
        Assert.AreEqual("456789", scorer.Tokenizer.Decode(scorer.Requests[0].Context));
        Assert.AreEqual("456789", scorer.Tokenizer.Decode(scorer.Requests[1].Context));
    }

    [TestMethod]
    public void LongContext_CanEndTheRun()
    {
        var evaluator = new ZeroShotEvaluator(
            new FakeScorer((_, _) => (-1, 0), contextLength: 10), new ZeroShotOptions { ContextOverflow = ContextOverflow.Throw });
        string message =
            Assert.ThrowsExactly<InvalidDataException>(() => evaluator.Evaluate(Piqa, [new("7", "0123456789", ["a", "bcd"], 1)])).Message;
        StringAssert.Contains(message, "Question '7' has 11 tokens of context and 4");
        StringAssert.Contains(message, "Skip or KeepEnd");
    }

    [TestMethod]
    public void StoppedRun_GoesOnFromItsLog()
    {
        ZeroShotQuestion[] questions = Questions(10);
        ZeroShotResult whole = new ZeroShotEvaluator(Varied(), null).Evaluate(Piqa, questions);
        using var stop = new CancellationTokenSource();
        int batches = 0;
        FakeScorer stopping = Varied(() => { if (++batches == 2) stop.Cancel(); });
        Assert.ThrowsExactly<OperationCanceledException>(
            () => new ZeroShotEvaluator(stopping, Logged()).Evaluate(Piqa, questions, stop.Token));
        string log = Path.Combine(_folder.Path, "piqa.jsonl");
        Assert.AreEqual(1 + 6, File.ReadAllLines(log).Length);

        // A crash in the middle of a line.
        File.AppendAllText(log, "{\"question\":\"0f");
        FakeScorer rest = Varied();
        List<(int Done, double Percent)> progress = [];
        ZeroShotOptions options = Logged();
        options.Progress = new Direct(report => progress.Add((report.Done, report.Percent)));
        ZeroShotResult result = new ZeroShotEvaluator(rest, options).Evaluate(Piqa, questions);
        Assert.AreEqual(6, result.ResumedCount);
        Assert.AreEqual(4 * 2, rest.Requests.Count);
        CollectionAssert.AreEqual(new[] { (9, 90.0), (10, 100.0) }, progress);
        Assert.AreEqual(whole.Accuracy, result.Accuracy);
        Assert.AreEqual(whole.AccuracyPerByte, result.AccuracyPerByte);
        for (int i = 0; i < questions.Length; i++)
            CollectionAssert.AreEqual(whole.Answers[i].LogLikelihoods.ToArray(), result.Answers[i].LogLikelihoods.ToArray());

        FakeScorer again = Varied();
        Assert.AreEqual(10, new ZeroShotEvaluator(again, Logged()).Evaluate(Piqa, questions).ResumedCount);
        Assert.AreEqual(0, again.Requests.Count);
    }

    [TestMethod]
    public void Log_OfOtherSettingsModelOrData_IsRefused()
    {
        ZeroShotQuestion[] questions = Questions(4);
        new ZeroShotEvaluator(Varied(), Logged()).Evaluate(Piqa, questions);
        ZeroShotOptions other = Logged();
        other.Profile = ZeroShotProfile.Uniform(new LikelihoodOptions { Samples = 64, Seed = 3 });
        string message = Refused(Varied(), other, questions);
        StringAssert.Contains(message, "samples was 128 and is now 64");
        StringAssert.Contains(message, "seed was 0 and is now 3");
        StringAssert.Contains(
            Refused(new FakeScorer((_, _) => (0, 0)) { Name = "other" }, Logged(), questions), "model was fake and is now other");
        StringAssert.Contains(Refused(Varied(), Logged(), [questions[0], questions[1] with { Gold = 1 - questions[1].Gold }]), "line 3");
        string log = Path.Combine(_folder.Path, "piqa.jsonl");
        string[] lines = File.ReadAllLines(log);
        File.WriteAllText(log, $"{lines[0]}\n{lines[1][..20]}\n{lines[2]}\n");
        StringAssert.Contains(Refused(Varied(), Logged(), questions), "line 2");
        File.WriteAllText(log, "A story.\n");
        StringAssert.Contains(Refused(Varied(), Logged(), questions), "line 1");
    }

    [TestMethod]
    public void MaxQuestions_TakesTheFirst()
    {
        ZeroShotResult result = new ZeroShotEvaluator(Varied(), new ZeroShotOptions { MaxQuestions = 3 }).Evaluate(Piqa, Questions(10));
        Assert.AreEqual(3, result.QuestionCount);
        Assert.ThrowsExactly<ArgumentException>(() => new ZeroShotEvaluator(Varied(), null).Evaluate(Piqa, []));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new ZeroShotEvaluator(Varied(), new ZeroShotOptions { MaxQuestions = 0 }));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => new ZeroShotEvaluator(Varied(), new ZeroShotOptions { QuestionsPerBatch = 0 }));
    }

    [TestMethod]
    public void OneQuestionHasNoErrorOverItems()
    {
        ZeroShotResult result = new ZeroShotEvaluator(Varied(), new ZeroShotOptions { MaxQuestions = 1 }).Evaluate(Piqa, Questions(10));
        Assert.IsTrue(double.IsNaN(result.Accuracy.StandardError));
        Assert.IsFalse(result.ToString().Contains("NaN", StringComparison.Ordinal), result.ToString());
        StringAssert.Contains(result.Accuracy.ToString(), "± - (items)");
    }

    [TestMethod]
    public void PublishedProfile_HasTheSettingsOfTheScript()
    {
        foreach (string name in ZeroShotTask.Names)
        {
            LikelihoodOptions options = ZeroShotProfile.Published.For(ZeroShotTask.FromName(name));
            (string, double) expected = name switch
            {
                "lambada_standard" => ("ChainRule", 1.1),
                "openbookqa" or "boolq" => ("ChainRule", 1.6),
                "piqa" => ("ChainRule", 0.6),
                "arc_easy" or "social_iqa" => ("MonteCarlo", 0.6),
                _ => ("MonteCarlo", 0.7),
            };
            Assert.AreEqual(expected, (options.Method.Name, options.GuidanceScale), name);
            if (options.Method == LikelihoodMethod.MonteCarlo)
                Assert.AreEqual((1024, 16), (options.Samples, options.RoundSize));
        }
        string path = Path.Combine(_folder.Path, "task.json");
        File.WriteAllText(path, """{"name": "mine", "context": "{a}", "choices_field": "b", "gold_field": "c"}""");
        var error = Assert.ThrowsExactly<ArgumentException>(() => ZeroShotProfile.Published.For(ZeroShotTask.FromJsonFile(path)));
        StringAssert.Contains(error.Message, "mine");
    }

    [TestMethod]
    public void WhereNoRowIsAQuestionTheReasonsAreTold()
    {
        string path = Path.Combine(_folder.Path, "questions.jsonl");
        File.WriteAllLines(path, ["no JSON", """{"query": "q", "choices": ["a"], "gold": 0}"""]);
        var evaluator = new ZeroShotEvaluator(new FakeScorer((_, _) => (-1, 0)), new ZeroShotOptions { InvalidRows = InvalidRows.Skip });
        string message = Assert.ThrowsExactly<InvalidDataException>(() => evaluator.Evaluate(Piqa, path)).Message;
        foreach (string part in new[] { "none of the 2 rows", "line 1: not JSON", "line 2: a question needs 2 or more options" })
            StringAssert.Contains(message, part);
    }

    [TestMethod]
    public void AQuestionWithoutAPartIsRefusedBeforeScoring()
    {
        var scorer = new FakeScorer((_, _) => (-1, 0));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new ZeroShotEvaluator(scorer, null).Evaluate(
            Piqa, [new("1", "Q", ["a", "b"], 0), new("2", null!, ["a", "b"], 0)])).Message, "Question 2");
        Assert.IsEmpty(scorer.Requests);
    }

    [TestMethod]
    [DataRow("null")]
    [DataRow("null answer")]
    [DataRow("null list")]
    [DataRow("no answer")]
    [DataRow("one entry more")]
    [DataRow("another right option")]
    [DataRow("fewer options")]
    public void ADamagedLineOfALogIsNamed(string damage)
    {
        ZeroShotQuestion[] questions = [new("1", "Q", ["a", "b"], 0), new("2", "R", ["a", "b"], 0)];
        var options = new ZeroShotOptions { LogFolder = _folder.Path };
        ZeroShotResult Run() => new ZeroShotEvaluator(new FakeScorer((_, _) => (-1, 0)), options).Evaluate(Piqa, questions);
        Run();
        string path = _folder.File("piqa.jsonl");
        string[] lines = File.ReadAllLines(path);
        lines[2] = damage switch
        {
            "null" => "null",
            "null answer" => lines[2].Replace("\"answer\":{", "\"answer\":null,\"other\":{"),
            "no answer" => lines[2].Replace("\"answer\":{", "\"other\":{"),
            "null list" => lines[2].Replace("\"byte_counts\":[1,1]", "\"byte_counts\":null"),
            "one entry more" => lines[2].Replace("\"log_likelihoods\":[", "\"log_likelihoods\":[9,"),
            "another right option" => lines[2].Replace("\"gold\":0", "\"gold\":7"),
            _ => lines[2].Replace("[-1,-1]", "[-1]").Replace("[0,0]", "[0]").Replace("[1,1]", "[1]").Replace("[2,2]", "[2]"),
        };
        Assert.AreNotEqual(File.ReadAllLines(path)[2], lines[2]);
        File.WriteAllLines(path, lines);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(Run).Message, $"{path}, line 3: ");
    }

    [TestMethod]
    [DataRow(2)]
    [DataRow(-1)]
    public void AWrongRightOptionIsToldBeforeAnythingIsScored(int gold)
    {
        var scorer = new FakeScorer((_, _) => (-1, 0));
        string message = Assert.ThrowsExactly<ArgumentException>(() => new ZeroShotEvaluator(scorer, new ZeroShotOptions()).Evaluate(
            Piqa, [new ZeroShotQuestion("1", "Q", ["a", "b"], 0), new ZeroShotQuestion("2", "Q", ["a", "b"], gold)])).Message;
        StringAssert.Contains(message, $"Question 2 of the task 'piqa' cannot be scored: the right option is number {gold} (from 0)");
        Assert.HasCount(0, scorer.Requests);
    }

    [TestMethod]
    public void ALogOfOtherQuestionsIsNamed()
    {
        var options = new ZeroShotOptions { LogFolder = _folder.Path };
        void Run(string context) => new ZeroShotEvaluator(new FakeScorer((_, _) => (-1, 0)), options)
            .Evaluate(Piqa, [new ZeroShotQuestion("1", context, ["a", "b"], 0)]);
        Run("Q");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Run("R")).Message, _folder.File("piqa.jsonl"));
    }

    [TestMethod]
    public void InvalidRowsAreLeftOutAndToldOrStopTheRunBeforeItBegins()
    {
        string path = Path.Combine(_folder.Path, "questions.jsonl");
        File.WriteAllLines(path,
        [
            """{"query": "q", "choices": ["a", "b"], "gold": 0}""", """{"query": "q", "choices": ["a", " "], "gold": 0}""", "no JSON",
            """{"query": "q", "choices": ["a", "b"], "gold": 1}""",
        ]);
        FakeScorer scorer = Varied();
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(
            () => new ZeroShotEvaluator(scorer, new ZeroShotOptions()).Evaluate(Piqa, path)).Message, "line 2: an option is empty");
        ZeroShotResult result =
            new ZeroShotEvaluator(scorer, new ZeroShotOptions { InvalidRows = InvalidRows.Skip }).Evaluate(Piqa, path);
        Assert.AreEqual(2, result.QuestionCount);
        CollectionAssert.AreEqual(new[] { "line 2", "line 3" },
            result.InvalidRows.Select(reason => reason[(path.Length + 2)..].Split(':')[0]).ToArray());
    }

    [TestMethod]
    public void RowsBehindTheLastQuestionAreNotRead()
    {
        string path = Path.Combine(_folder.Path, "questions.jsonl");
        string question = """{"query": "q", "choices": ["a", "b"], "gold": 0}""";
        File.WriteAllLines(path, [question, question, "no JSON", question]);
        foreach (InvalidRows invalid in Enum.GetValues<InvalidRows>())
        {
            ZeroShotResult result =
                new ZeroShotEvaluator(Varied(), new ZeroShotOptions { InvalidRows = invalid, MaxQuestions = 2 }).Evaluate(Piqa, path);
            Assert.AreEqual((2, 0), (result.QuestionCount, result.InvalidRows.Count), $"{invalid}");
        }
    }

    [TestMethod]
    public void SomebodysFileInTheLogFolderIsNotTouched()
    {
        string path = Path.Combine(_folder.Path, "piqa.jsonl");
        foreach (string content in new[]
        {
            """{"goal": "g", "sol1": "a", "sol2": "b", "label": 0}""", """{"goal": "g"}""" + "\n" + """{"goal": "h"}""", "x",
        })
        {
            File.WriteAllText(path, content);
            Assert.ThrowsExactly<InvalidDataException>(() => new ZeroShotEvaluator(Varied(), Logged()).Evaluate(Piqa, Questions(4)));
            Assert.AreEqual(content, File.ReadAllText(path));
        }
    }

    private ZeroShotOptions Logged() => new() { LogFolder = _folder.Path, QuestionsPerBatch = 3 };

    private static string Refused(FakeScorer scorer, ZeroShotOptions options, ZeroShotQuestion[] questions) =>
        Assert.ThrowsExactly<InvalidDataException>(() => new ZeroShotEvaluator(scorer, options).Evaluate(Piqa, questions)).Message;

    private static ZeroShotQuestion[] Questions(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new ZeroShotQuestion($"q{i}", $"Question {i}", [$"yes{i}", $"no{i * i}"], i % 2))];

    private static FakeScorer Varied(Action? onScore = null) =>
        new((context, answer) => (-1 - (context.Length * 7 + answer.Sum(character => character * 31)) % 97 / 3.0, 0.3))
        {
            OnScore = onScore,
        };

    /// <summary>Reports at once, on the caller's thread.</summary>
    private sealed class Direct(Action<ZeroShotProgress> report) : IProgress<ZeroShotProgress>
    {
        public void Report(ZeroShotProgress value) => report(value);
    }
}
