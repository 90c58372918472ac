using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Tasks that several ranks evaluate together: results and logs are those of one process.</summary>
[TestClass]
public sealed class GroupEvaluationTests
{
    private static readonly ZeroShotTask Piqa = ZeroShotTask.FromName("piqa"), Lambada = ZeroShotTask.FromName("lambada_standard");

    private static readonly JsonSerializerOptions Json = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void Clean() => _folder.Dispose();

    [TestMethod]
    [DataRow("piqa", 1)]
    [DataRow("piqa", 2)]
    [DataRow("piqa", 4)]
    [DataRow("lambada_standard", 2)]
    public void ResultAndLogAreThoseOfOneProcess(string name, int size)
    {
        ZeroShotTask task = ZeroShotTask.FromName(name);
        ZeroShotQuestion[] questions = Questions(23);
        if (task.Greedy)
            questions = [.. questions.Select(question => question with { Choices = [question.Choices[0]], Gold = 0 })];
        FakeScorer one = Varied();
        ZeroShotResult whole = new ZeroShotEvaluator(one, Logged("one")).Evaluate(task, questions);
        FakeScorer[] scorers = [.. Enumerable.Range(0, size).Select(_ => Varied())];
        ZeroShotResult[] results = ThreadGroup.Run(
            size, group => new ZeroShotEvaluator(scorers[group.Rank], Logged("group", group)).Evaluate(task, questions));
        foreach (ZeroShotResult result in results)
        {
            Assert.AreEqual(Text(whole), Text(result));
            Assert.AreEqual(results[0].Elapsed, result.Elapsed);
        }
        // One question is too long and not scored.
        Assert.AreEqual(1, whole.TooLongCount);
        CollectionAssert.AreEqual(Log("one", name), Log("group", name));
        Assert.AreEqual(one.Requests.Count, scorers.Sum(scorer => scorer.Requests.Count), "no question is scored twice");
        Assert.IsTrue(scorers.All(scorer => scorer.Requests.Count > 0));
    }

    [TestMethod]
    public void MoreRanksThanQuestionsGiveTheSame()
    {
        ZeroShotQuestion[] questions = Questions(2);
        string whole = Text(new ZeroShotEvaluator(Varied(), null).Evaluate(Piqa, questions));
        ZeroShotResult[] results = ThreadGroup.Run(
            4, group => new ZeroShotEvaluator(Varied(), new ZeroShotOptions { ProcessGroup = group }).Evaluate(Piqa, questions));
        foreach (ZeroShotResult result in results)
            Assert.AreEqual(whole, Text(result));
    }

    [TestMethod]
    public void ANetworkGivesTheSameBitsOnAnyNumberOfRanks()
    {
        using MaskedDiffusionModel model = TinyEvaluationModel.Create();
        ZeroShotQuestion[] questions = [.. Enumerable.Range(0, 5)
            .Select(i => new ZeroShotQuestion($"{i}", $"Question: {i}\nAnswer:", ["ab", $"cde{i}", "fghijklmno"], i % 3))];
        ZeroShotOptions Options(IProcessGroup group) => new()
        {
            Profile = ZeroShotProfile.Uniform(new LikelihoodOptions { Samples = 16 }), QuestionsPerBatch = 1, ProcessGroup = group,
        };
        string whole = Text(new ZeroShotEvaluator(model, Options(SingleProcess.Instance)).Evaluate(Piqa, questions));
        ZeroShotResult[] results = ThreadGroup.Run(2, group =>
        {
            // Each process has a model of its own.
            using MaskedDiffusionModel own = model.Clone();
            return new ZeroShotEvaluator(own, Options(group)).Evaluate(Piqa, questions);
        });
        foreach (ZeroShotResult result in results)
            Assert.AreEqual(whole, Text(result));
    }

    [TestMethod]
    public void NumbersThatAreNoneComeAcross()
    {
        var scorer = new FakeScorer((context, _) => (context.EndsWith('1') ? -0.0 : -1.0 / 3, double.NaN));
        ZeroShotQuestion[] questions = Questions(4);
        string whole = Text(new ZeroShotEvaluator(scorer, null).Evaluate(Piqa, questions));
        StringAssert.Contains(whole, "NaN");
        StringAssert.Contains(whole, "-0,");
        ZeroShotResult[] results = ThreadGroup.Run(2, group => new ZeroShotEvaluator(
            new FakeScorer((context, _) => (context.EndsWith('1') ? -0.0 : -1.0 / 3, double.NaN)),
            new ZeroShotOptions { ProcessGroup = group }).Evaluate(Piqa, questions));
        foreach (ZeroShotResult result in results)
            Assert.AreEqual(whole, Text(result));
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(3)]
    public void AStoppedRunGoesOnWithAnyNumberOfRanks(int size)
    {
        ZeroShotQuestion[] questions = Questions(23);
        ZeroShotResult whole = new ZeroShotEvaluator(Varied(), Logged("one")).Evaluate(Piqa, questions);
        using var stop = new CancellationTokenSource();
        int calls = 0;
        (_, Exception?[] errors) = ThreadGroup.Try(2, group =>
        {
            // The second rank is cancelled in its second batch.
            bool isStopping = group.Rank == 1;
            FakeScorer scorer = Varied(() => { if (isStopping && ++calls == 2) stop.Cancel(); });
            return new ZeroShotEvaluator(scorer, Logged("group", group))
                .Evaluate(Piqa, questions, isStopping ? stop.Token : CancellationToken.None);
        });
        Assert.IsTrue(errors.All(error => error is OperationCanceledException), string.Join('\n', errors.Select(error => $"{error}")));
        StringAssert.Contains(errors[0]!.Message, "Rank 1 of 2");
        byte[] expected = Log("one", "piqa"), soFar = Log("group", "piqa");
        int lines = soFar.Count(value => value == '\n') - 1;
        Assert.AreEqual(12, lines, "two batches of 3 questions on each of 2 ranks");
        CollectionAssert.AreEqual(expected[..soFar.Length], soFar);

        // A crash in the midst of a line.
        File.AppendAllText(Path.Combine(_folder.File("group"), "piqa.jsonl"), "{\"question\":\"0f");
        ZeroShotResult[] results = ThreadGroup.Run(
            size, group => new ZeroShotEvaluator(Varied(), Logged("group", group)).Evaluate(Piqa, questions));
        foreach (ZeroShotResult result in results)
            Assert.AreEqual(Text(whole with { ResumedCount = lines }), Text(result));
        CollectionAssert.AreEqual(expected, Log("group", "piqa"));
    }

    [TestMethod]
    public void AnErrorOnOneRankEndsTheRunOnAllAndKeepsTheLog()
    {
        ZeroShotQuestion[] questions = Questions(23);
        int calls = 0;
        (_, Exception?[] errors) = ThreadGroup.Try(2, group =>
        {
            bool isFailing = group.Rank == 1;
            FakeScorer scorer = Varied(() =>
            {
                if (isFailing && ++calls == 2)
                    throw new NotFiniteNumberException("The network gave NaN.");
            });
            return new ZeroShotEvaluator(scorer, Logged("group", group)).Evaluate(Piqa, questions);
        });
        Assert.IsInstanceOfType<NotFiniteNumberException>(errors[1]);
        Assert.AreEqual(1, ((RankFailedException)errors[0]!).Rank);
        StringAssert.Contains(errors[0]!.Message, "The network gave NaN.");
        Assert.AreEqual(1 + 6, Log("group", "piqa").Count(value => value == '\n'), "the first batch of both ranks");
    }

    [TestMethod]
    public void RanksThatMeanOtherWorkAreRefusedBeforeAnythingIsScored()
    {
        ZeroShotQuestion[] questions = Questions(4);
        void Refused(string expected, Func<IProcessGroup, (FakeScorer, ZeroShotOptions, ZeroShotQuestion[])> make)
        {
            var scorers = new FakeScorer[2];
            (_, Exception?[] errors) = ThreadGroup.Try(2, group =>
            {
                (FakeScorer scorer, ZeroShotOptions options, ZeroShotQuestion[] own) = make(group);
                scorers[group.Rank] = scorer;
                return new ZeroShotEvaluator(scorer, options).Evaluate(Piqa, own);
            });
            foreach (Exception? error in errors)
            {
                Assert.IsExactInstanceOfType<InvalidOperationException>(error);
                StringAssert.Contains(error.Message, expected);
            }
            Assert.IsTrue(scorers.All(scorer => scorer.Requests.Count == 0));
        }
        Refused("rank 1: model is other, and on rank 0 fake", group =>
            (new FakeScorer((_, _) => (0, 0)) { Name = group.Rank == 0 ? "fake" : "other" }, Logged("group", group), questions));
        Refused("rank 1: key of all questions is ", group => (Varied(), Logged("group", group), group.Rank == 0 ? questions
            : [.. questions[..3], questions[3] with { Gold = 1 - questions[3].Gold }]));
        Refused("rank 1: number of questions is 2, and on rank 0 4", group =>
        {
            ZeroShotOptions options = Logged("group", group);
            options.MaxQuestions = group.Rank == 0 ? null : 2;
            return (Varied(), options, questions);
        });
        Assert.IsFalse(Directory.Exists(_folder.File("group")), "a log was begun");
    }

    [TestMethod]
    public void FilesAndTheirBadRowsAreReadByEachRank()
    {
        string path = _folder.File("questions.jsonl");
        File.WriteAllLines(path,
        [
            """{"query": "q", "choices": ["a", "b"], "gold": 0}""", "no JSON", """{"query": "r", "choices": ["a", "b"], "gold": 1}""",
            """{"query": "s", "choices": ["a", "b"], "gold": 1}""",
        ]);
        var skipping = new ZeroShotOptions { InvalidRows = InvalidRows.Skip, MaxQuestions = 2 };
        string whole = Text(new ZeroShotEvaluator(Varied(), skipping).Evaluate(Piqa, path));
        ZeroShotResult[] results = ThreadGroup.Run(2, group => new ZeroShotEvaluator(
            Varied(), new ZeroShotOptions { InvalidRows = InvalidRows.Skip, MaxQuestions = 2, ProcessGroup = group }).Evaluate(Piqa, path));
        foreach (ZeroShotResult result in results)
        {
            Assert.AreEqual(whole, Text(result));
            Assert.AreEqual(1, result.InvalidRows.Count);
        }
        (_, Exception?[] errors) = ThreadGroup.Try(
            2, group => new ZeroShotEvaluator(Varied(), new ZeroShotOptions { ProcessGroup = group }).Evaluate(Piqa, path));
        Assert.IsTrue(errors.All(error => error is InvalidDataException));
    }

    [TestMethod]
    public void EachRankIsToldAboutAllQuestions()
    {
        ZeroShotQuestion[] questions = Questions(10);
        Collected<ZeroShotProgress>[] progress = ThreadGroup.Run(2, group =>
        {
            var reports = new Collected<ZeroShotProgress>();
            new ZeroShotEvaluator(Varied(), new ZeroShotOptions { QuestionsPerBatch = 3, ProcessGroup = group, Progress = reports })
                .Evaluate(Piqa, questions);
            return reports;
        });
        foreach (Collected<ZeroShotProgress> reports in progress)
        {
            CollectionAssert.AreEqual(
                new[] { (6, 10), (10, 10) }, reports.Reports.Select(report => (report.Done, report.Total)).ToArray());
        }
    }

    [TestMethod]
    public void ASearchsMetricTakesNoGroupOfSeveral()
    {
        (_, Exception?[] errors) = ThreadGroup.Try(2, group => SearchMetric.ZeroShotAccuracy(
            Lambada, _folder.File("questions.jsonl"), new ZeroShotOptions { ProcessGroup = group }));
        foreach (Exception? error in errors)
        {
            Assert.IsInstanceOfType<ArgumentException>(error);
            StringAssert.Contains(error.Message, "ProcessGroup");
        }
    }

    private static ZeroShotQuestion[] Questions(int count) => [.. Enumerable.Range(0, count).Select(i => new ZeroShotQuestion(
        $"q{i}", i == 7 ? new string('x', 2000) : $"Question {i}", [$"yes{i}", $"no{i * i}"], i % 2))];

    private static FakeScorer Varied(Action? onScore = null) =>
        new((context, answer) => (-1 - (context.Length * 7 + answer.Sum(character => character * 31)) % 97 / 3.0, 0.3))
        {
            OnScore = onScore, Greedy = answer => answer.EndsWith('1'),
        };

    // All that a result says but the time, with every digit.
    private static string Text(ZeroShotResult result) => JsonSerializer.Serialize(result with { Elapsed = TimeSpan.Zero }, Json);

    private ZeroShotOptions Logged(string folder, IProcessGroup? group = null) => new()
    {
        LogFolder = _folder.File(folder), QuestionsPerBatch = 3, ProcessGroup = group ?? SingleProcess.Instance,
    };

    private byte[] Log(string folder, string task) => File.ReadAllBytes(Path.Combine(_folder.File(folder), task + ".jsonl"));
}
