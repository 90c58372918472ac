using System.Text.RegularExpressions;
using static Microsoft.ML.MaskedDiffusion.Tests.TinySearch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What a search refuses: options, metrics, data, and what stands in its folder.</summary>
[TestClass]
public sealed partial class SearchRefusalTests
{
    [TestMethod]
    public void WhatTheMetricCannotMeasureByIsReportedBeforeAnythingIsTrained()
    {
        var ml = new MLContext(1);
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("bad.jsonl"), "{\"query\": \"q\", \"choices\": [\"a\", \"b\"], \"gold\": 0}\n{\"query\": 1}\n");
        File.WriteAllText(folder.File("none.jsonl"), "{\"query\": 1}\n");
        ZeroShotTask task = ZeroShotTask.FromName("piqa");
        (SearchMetric Metric, Type Error, string Says)[] cases =
        [
            (SearchMetric.BitsPerByte(ml.Data.LoadFromEnumerable(TextRow.Make([]))), typeof(ArgumentException), "None of the 0 documents"),
            (SearchMetric.BitsPerByte(ml.Data.LoadFromEnumerable(TextRow.Make(["", "", "a"])), maxDocuments: 2), typeof(ArgumentException),
                "None of the 2 documents that the search's metric reads has a text in the column 'Text'"),
            (SearchMetric.BitsPerByte(Rows(ml), "Txt"), typeof(ArgumentOutOfRangeException), "'Txt'"),
            (SearchMetric.ZeroShotAccuracy(task, folder.File("missing.jsonl")), typeof(FileNotFoundException), "missing.jsonl"),
            (SearchMetric.ZeroShotAccuracy(task, folder.File("bad.jsonl")), typeof(InvalidDataException), "bad.jsonl"),
            (SearchMetric.ZeroShotAccuracy(task, folder.File("none.jsonl"), new ZeroShotOptions { InvalidRows = InvalidRows.Skip }),
                typeof(InvalidDataException), "none of the 1 rows"),
        ];
        foreach ((SearchMetric metric, Type type, string says) in cases)
        {
            Exception error = Assert.Throws<Exception>(() => Run(Tiny(o =>
            {
                o.Metric = metric;
                o.Folder = folder.File("search");
            })));
            Assert.AreEqual(type, error.GetType(), error.ToString());
            StringAssert.Contains(error.Message, says);
            Assert.IsFalse(Directory.Exists(folder.File("search")), "nothing was begun");
        }
    }

    [TestMethod]
    [DataRow("\"rung\":0", "\"rung\":9")]
    [DataRow("\"rung\":0", "\"rung\":-1")]
    [DataRow("\"rung\":0", "\"rung\":1")]
    [DataRow("\"trial\":0", "\"trial\":99")]
    public void ALineOfTheLogThatCannotBeIsNamed(string there, string other)
    {
        using var folder = new TemporaryFolder();
        void InFolder(SearchOptions o) => (o.Folder, o.Resume) = (folder.File("search"), true);
        Run(Tiny(InFolder)).Dispose();
        string log = folder.File("search/search.jsonl");
        string[] lines = File.ReadAllLines(log);
        StringAssert.Contains(lines[1], there);
        lines[1] = lines[1].Replace(there, other, StringComparison.Ordinal);
        File.WriteAllLines(log, lines);
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => Run(Tiny(InFolder))).Message, $"{log}, line 2: ");
    }

    [TestMethod]
    public void ACancellationInTheDataIsAnErrorAndNotTheSearchsOwn()
    {
        static IEnumerable<TextRow> Rows()
        {
            yield return new TextRow { Text = "the cat sat on the mat" };
            throw new TaskCanceledException("The database did not answer.");
        }
        var ml = new MLContext(1);
        Exception error = Assert.ThrowsExactly<TaskCanceledException>(
            () => ml.MaskedDiffusion().Search(ml.Data.LoadFromEnumerable(Rows()), Tiny()));
        Assert.AreEqual("The database did not answer.", error.Message);
    }

    [TestMethod]
    public void ASearchOfOtherOptionsTokenizersOrDataIsNotResumed()
    {
        using var folder = new TemporaryFolder();
        void InFolder(SearchOptions o) => (o.Folder, o.Resume, o.MaxTrials, o.Rungs) = (folder.File("search"), true, 2, 1);
        Run(Tiny(InFolder)).Dispose();
        foreach ((string expected, Action<SearchOptions> change) in new (string, Action<SearchOptions>)[]
        {
            ("Trainer.Optimizer.GradientClipNorm was absent and is now 2", o => o.Trainer.Optimizer.GradientClipNorm = 2),
            ("Trainer.Optimizer.EmaDecay was absent and is now 0.9", o => o.Trainer.Optimizer.EmaDecay = 0.9),
            ("Trainer.Seed was 7 and is now 5", o => o.Trainer.Seed = 5),
            ("Trainer.Tokenizer was ", o => o.Trainer.Tokenizer = TokenizerSource.TrainBytePairEncoding(270)),
            ("EmbeddingSize 16", o => o.Trainer.Network = Network(32)),
            ("DataDescription was absent and is now other", o => o.Trainer.Checkpoints.DataDescription = "other"),
        })
        {
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Run(Tiny(o =>
            {
                InFolder(o);
                change(o);
            }))).Message, expected);
        }
        var ml = new MLContext(1);
        IDataView fewer = ml.Data.TakeRows(Rows(ml), 2);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => ml.MaskedDiffusion().Search(fewer, Tiny(InFolder)));
        StringAssert.Contains(error.Message, "Training data was");
        // What is varied is no common option.
        Run(Tiny(o =>
        {
            InFolder(o);
            o.Trainer.LearningRate = 0.5;
        })).Dispose();
    }

    [TestMethod]
    public void AFolderOfSomethingElseIsNotTouched()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("trials"));
        File.WriteAllText(folder.File("trials/mine.txt"), "mine");
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => Run(Tiny(o => o.Folder = folder.Path))).Message, "another Folder");
        Assert.AreEqual("mine", File.ReadAllText(folder.File("trials/mine.txt")));
        CollectionAssert.AreEqual(new[] { "trials" }, Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName).ToArray());
    }

    [TestMethod]
    public void TrainersThatASearchCannotUseAreRefusedWithARemedy()
    {
        using var source = new CancellationTokenSource();
        using var folder = new TemporaryFolder();
        foreach ((string part, Action<SearchOptions> change) in new (string, Action<SearchOptions>)[]
        {
            ("Trainer.Budget.MaxSeconds is 60; it must be null: a trial's length", o => o.Trainer.Budget.MaxSeconds = 60),
            ("Trainer.Budget.UntilCancelled is true; it must be false", o =>
            {
                (o.Trainer.MaxSteps, o.Trainer.Budget.UntilCancelled) = (null, true);
                o.Trainer.CancellationToken = source.Token;
            }),
            ("Trainer.Budget.MaxEpochs is 2; it must be null with EqualFlops", o => (o.EqualFlops, o.Trainer.Budget.MaxEpochs) = (true, 2)),
            ("Trainer.Checkpoints.Folder is 'run'", o => o.Trainer.Checkpoints.Folder = "run"),
            ("Trainer.Checkpoints.TokenFolder is 'tokens'", o => o.Trainer.Checkpoints.TokenFolder = "tokens"),
            ("Trainer.ValidationSet", o => o.Trainer.ValidationSet = Rows(new MLContext(1))),
            ("Trainer.Validation.Tokens", o => o.Trainer.Validation.Tokens = Packed(folder.Path)),
            ("Trainer.CancellationToken is 'set'; it must be left unset: set the CancellationToken of the search",
                o => o.Trainer.CancellationToken = source.Token),
            ("Trainer.Progress", o => o.Trainer.Progress = new Collected<TrainingProgress>()),
            ("Trainer.Budget.MaxEpochs is 2; it must be null with MaxFlops",
                o => (o.Trainer.MaxSteps, o.Trainer.Budget.MaxEpochs, o.MaxFlops) = (null, 2, 1e12)),
            ("EqualFlops is true; it must be false where each row is a sequence of its own",
                o => (o.EqualFlops, o.Trainer.Rows.PackDocuments) = (true, false)),
            ("EqualFlops is true", o => (o.EqualFlops, o.Trainer.Rows.PackDocuments, o.Trainer.MaxSteps) = (true, false, null)),
            ("EqualFlops is true", o =>
                (o.EqualFlops, o.Trainer.Rows.PackDocuments, o.Trainer.Budget.MaxFlops) = (true, false, 1e12)),
            ("LearningRate is 2", o => o.Trainer.LearningRate = 2),
            ("Option Space is 0", o => o.Space = new SearchSpace()),
        })
        {
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Run(Tiny(change))).Message, part);
        }
        Assert.ThrowsExactly<ArgumentNullException>(() => Run(Tiny(o => o.Trainer.Budget = null!)));
    }

    [TestMethod]
    public void ValuesThatTheTrainerRefusesAreReportedBeforeAnythingIsTrained()
    {
        bool trained = false;
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Run(Tiny(o =>
        {
            o.Space = new SearchSpace().Range("LearningRate", 0.1, 2);
            o.Metric = Loss(() => trained = true);
        }))).Message;
        StringAssert.Contains(message, "LearningRate is 2");
        Assert.IsFalse(trained);
    }

    [TestMethod]
    public void ValuesOfATrialThatTheTrainerRefusesAreReportedBeforeAnythingIsTrained()
    {
        using var folder = new TemporaryFolder();
        bool trained = false;
        foreach ((string[] parts, Action<SearchOptions> change) in new (string[], Action<SearchOptions>)[]
        {
            // The trainer takes both ends of these ranges, and refuses what lies between.
            (["BatchSize 3", "Option Compute.MicroBatchSize is 2; it must be a divisor"], o => o.Trainer.Compute.MicroBatchSize = 2),
            (["BatchSize 3", "Option Compute.VirtualRanks is 2; it must be"], o => o.Trainer.Compute.VirtualRanks = 2),
            // And each of these values beside the trainer's own other one.
            (["WarmStart 0.", ", AttentionAnnealing 0.", "Option AttentionAnnealing is "], o =>
            {
                o.Trainer.WarmStart = 0.05;
                o.Space = new SearchSpace().Range("WarmStart", 0.05, 0.9).Range("AttentionAnnealing", 0, 0.9);
            }),
        })
        {
            string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Run(Tiny(o =>
            {
                (o.MaxTrials, o.Folder, o.Metric) = (32, folder.File("search"), Loss(() => trained = true));
                change(o);
            }))).Message;
            StringAssert.Matches(message, TrialOf32());
            foreach (string part in parts)
                StringAssert.Contains(message, part);
        }
        Assert.IsFalse(trained);
        Assert.IsFalse(Directory.Exists(folder.File("search")), "nothing was begun");
    }

    [TestMethod]
    public void AProfileThatDoesNotKnowTheTaskIsRefusedWhenTheMetricIsMade()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("task.json"),
            """{"name": "mine", "context": "{q}", "choices": ["yes", "no"], "gold_field": "answer"}""");
        ZeroShotTask task = ZeroShotTask.FromJsonFile(folder.File("task.json"));
        ArgumentException error = Assert.ThrowsExactly<ArgumentException>(() => SearchMetric.ZeroShotAccuracy(
            task, folder.File("rows.jsonl"), new ZeroShotOptions { Profile = ZeroShotProfile.Published }));
        StringAssert.Contains(error.Message, "No settings are published for the task 'mine'");
    }

    private static PackedCorpus Packed(string folder)
    {
        var ml = new MLContext(1);
        using LikelihoodScoringTransformer lm = ml.MaskedDiffusion().Trainer(Tiny(o => o.Trainer.MaxSteps = 1).Trainer).Fit(Rows(ml));
        _ = ml.MaskedDiffusion().SavePackedTokens(Rows(ml), lm.Model.Tokenizer, folder);
        return ml.MaskedDiffusion().LoadPackedTokens(folder);
    }

    [GeneratedRegex(@"^Trial \d+ of 32 would have ")]
    private static partial Regex TrialOf32();
}
