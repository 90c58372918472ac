
namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Tokens kept in a folder: the same training, and a resumed one opens no data.</summary>
[TestClass]
public sealed class TokenFolderTrainingTests
{
    private static readonly string[] Sentences =
        ["the cat sat on the mat", "the dog sat on the log", "", "a cat and a dog", "   ", "the mat and the log", "a dog on a mat",
        "the cat and the log", "a log on a mat and a cat on the log"];

    private readonly TemporaryFolder _folder = new();
    private readonly MLContext _ml = new(1);

    private sealed class Document
    {
        public string Text { get; set; } = "";
    }

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    private CountingView View(params string[] texts) =>
        new(_ml.Data.LoadFromEnumerable(texts.Select(text => new Document { Text = text }).ToList()));

    private TrainerOptions Small(IDataView validation, Action<TrainerOptions>? change = null)
    {
        var options = new TrainerOptions
        {
            Network = new TransformerConfig { LayerCount = 1, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 32, ContextLength = 12 },
            Tokenizer = TokenizerSource.TrainBytePairEncoding(270),
            ValidationSet = validation,
            Validation = { Interval = 2 },
            MaxSteps = 9,
            BatchSize = 2,
            ProgressInterval = 1,
            Seed = 3,
            Device = "cpu",
        };
        change?.Invoke(options);
        return options;
    }

    private void Checkpointed(TrainerOptions o) =>
        (o.Checkpoints.Folder, o.Checkpoints.Interval, o.Checkpoints.Resume) = (_folder.File("run"), 1, true);

    private void StopAtStep(int step, IDataView data, IDataView validation, Action<TrainerOptions>? change = null)
    {
        using var source = new CancellationTokenSource();
        var progress = new Collected<TrainingProgress>(
            report => { if (report.Step == step && report.Phase == TrainingPhase.Training) source.Cancel(); });
        var options = Small(validation, o => (o.Progress, o.CancellationToken) = (progress, source.Token));
        Checkpointed(options);
        change?.Invoke(options);
        Assert.ThrowsExactly<OperationCanceledException>(() => new MaskedDiffusionTrainer(_ml, options).Fit(data));
    }

    private static byte[] Saved(LikelihoodScoringTransformer transformer)
    {
        using var stream = new MemoryStream();
        transformer.Model.Save(stream);
        return stream.ToArray();
    }

    [TestMethod]
    public void WhereTokensAreKeptChangesNothing()
    {
        CountingView held = View("the cat sat on the log");
        using LikelihoodScoringTransformer inMemory = new MaskedDiffusionTrainer(_ml, Small(held)).Fit(View(Sentences));
        using LikelihoodScoringTransformer inFolder =
            new MaskedDiffusionTrainer(_ml, Small(held, o => o.Checkpoints.TokenFolder = _folder.File("tokens"))).Fit(View(Sentences));
        CollectionAssert.AreEqual(Saved(inMemory), Saved(inFolder));
        TrainingResult expected = inMemory.TrainingResult!, result = inFolder.TrainingResult!;
        Assert.AreEqual((7L, 2L, expected.CorpusTokens, expected.RepeatedTokens),
            (result.Documents, result.EmptyRows, result.CorpusTokens, result.RepeatedTokens));
        CollectionAssert.AreEqual(expected.ValidationHistory.Select(p => p.Loss).ToArray(),
            result.ValidationHistory.Select(p => p.Loss).ToArray());
        // Once more, on other text: what was there is replaced.
        using LikelihoodScoringTransformer other =
            new MaskedDiffusionTrainer(_ml, Small(held, o => o.Checkpoints.TokenFolder = _folder.File("tokens"))).Fit(View(Sentences[..2]));
        Assert.AreEqual(2, other.TrainingResult!.Documents);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void AResumedRunOpensNoDataAndEndsWithTheSameBits(bool ownFolder)
    {
        using LikelihoodScoringTransformer whole = new MaskedDiffusionTrainer(_ml, Small(View("the cat sat on the log")))
            .Fit(View(Sentences));
        Assert.IsGreaterThan(1.0, whole.TrainingResult!.Epochs);
        void Placed(TrainerOptions o) => o.Checkpoints.TokenFolder = ownFolder ? _folder.File("tokens") : null;
        // In the middle of an epoch, twice; the third run, below, goes on from there and the fourth from the last step.
        foreach (int step in new[] { 1, 5 })
        {
            CountingView data = View(Sentences), held = View("the cat sat on the log");
            StopAtStep(step, data, held, Placed);
            Assert.AreEqual(step == 1 ? (2, 1) : (0, 0), (data.Opened, held.Opened), $"cursors opened by the run stopped at step {step}");
        }
        for (int end = 0; end < 2; end++)
        {
            CountingView data = View(Sentences), held = View("the cat sat on the log");
            using LikelihoodScoringTransformer resumed = new MaskedDiffusionTrainer(_ml, Small(held, o => { Checkpointed(o); Placed(o); }))
                .Fit(data);
            Assert.AreEqual((0, 0), (data.Opened, held.Opened));
            CollectionAssert.AreEqual(Saved(whole), Saved(resumed));
            Assert.AreEqual((7L, 2L), (resumed.TrainingResult!.Documents, resumed.TrainingResult.EmptyRows));
        }
        Assert.IsTrue(Directory.Exists(ownFolder ? _folder.File("tokens/packed") : _folder.File("run/tokens/packed")));
    }

    [TestMethod]
    [DataRow("train_slim_0000000002.bin", false)]
    [DataRow("vocab.txt", false)]
    [DataRow("tokenizer.json", true)]
    [DataRow("tokens.json", true)]
    public void SomebodysPackedFilesAndTokenizersAreNotReplaced(string name, bool besideCheckpoints)
    {
        // The names are those of our files; that they are ours is said by nothing but our list of them.
        string mine = _folder.File(Path.Combine(besideCheckpoints ? "run/tokens" : "data", "packed", name));
        Directory.CreateDirectory(Path.GetDirectoryName(mine)!);
        File.WriteAllText(mine, "mine");
        CountingView data = View(Sentences);
        foreach (bool resume in new[] { false, true })
        {
            TrainerOptions options = Small(View("the cat"), o =>
            {
                o.Checkpoints.Folder = _folder.File("run");
                o.Checkpoints.TokenFolder = besideCheckpoints ? null : _folder.File("data");
                o.Checkpoints.Resume = resume;
            });
            StringAssert.Contains(
                Assert.ThrowsExactly<IOException>(() => new MaskedDiffusionTrainer(_ml, options).Fit(data)).Message, name);
            Assert.AreEqual("mine", File.ReadAllText(mine));
        }
        Assert.AreEqual(0, data.Opened, "it is refused before the text is read");
    }

    [TestMethod]
    [DataRow("vocab.txt")]
    [DataRow("train_0000000009.bin")]
    [DataRow("mine_0000000000.bin")]
    public void SomebodysFilesBesideOurTokensAreNotReplaced(string name)
    {
        void Train() => new MaskedDiffusionTrainer(_ml, Small(View("the cat"), o => o.Checkpoints.TokenFolder = _folder.File("data")))
            .Fit(View(Sentences)).Dispose();
        Train();
        Train();
        string mine = _folder.File(Path.Combine("data", "packed", name));
        File.WriteAllText(mine, "mine");
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(Train).Message, name);
        Assert.AreEqual("mine", File.ReadAllText(mine));
    }

    [TestMethod]
    public void DamagedTokensAreMadeAnew()
    {
        using LikelihoodScoringTransformer whole = new MaskedDiffusionTrainer(_ml, Small(View("the cat sat on the log")))
            .Fit(View(Sentences));
        StopAtStep(5, View(Sentences), View("the cat sat on the log"));
        string file = _folder.File("run/tokens/packed/train_0000000000.bin");
        using (var stream = new FileStream(file, FileMode.Open))
            stream.SetLength(1000);
        CountingView data = View(Sentences);
        var log = new List<string>();
        _ml.Log += (_, e) => log.Add(e.RawMessage);
        using LikelihoodScoringTransformer resumed = new MaskedDiffusionTrainer(_ml, Small(View("the cat sat on the log"), Checkpointed))
            .Fit(data);
        Assert.AreEqual(2, data.Opened);
        CollectionAssert.AreEqual(Saved(whole), Saved(resumed));
        Assert.IsTrue(log.Any(line => line.Contains("cannot be used", StringComparison.Ordinal)
            && line.Contains("train_0000000000.bin", StringComparison.Ordinal)), string.Join('\n', log));
    }

    [TestMethod]
    public void DataThatAreKnownToDifferAreRefused()
    {
        File.WriteAllLines(_folder.File("a.jsonl"),
            Sentences.Where(text => text.Trim().Length > 0).Select(text => $"{{\"text\": \"{text}\"}}"));
        IDataView Files() => _ml.MaskedDiffusion().LoadText(_folder.File("a.jsonl"));
        StopAtStep(3, Files(), View("the cat sat on the log"));
        string Refused(IDataView data, Action<TrainerOptions>? change = null) => Assert.ThrowsExactly<InvalidOperationException>(() =>
            new MaskedDiffusionTrainer(_ml, Small(View("the cat sat on the log"), o => { Checkpointed(o); change?.Invoke(o); }))
                .Fit(data)).Message;
        StringAssert.Contains(Refused(View(Sentences)), "Training data");
        StringAssert.Contains(Refused(Files(), o => o.ValidationSet = View("one", "two")), "Validation data");
        StringAssert.Contains(Refused(Files(), o => o.Tokenizer = TokenizerSource.TrainBytePairEncoding(280)), "Tokenizer");
        StringAssert.Contains(Refused(Files(), o => o.Checkpoints.DataDescription = "column body"), "Data: ");
        StringAssert.Contains(Refused(Files(), o => o.Checkpoints.Resume = false), "holds checkpoints");
        File.AppendAllText(_folder.File("a.jsonl"), "{\"text\": \"more\"}\n");
        StringAssert.Contains(Refused(Files()), "Training data");
        // None of these has touched the tokens.
        string[] lines = File.ReadAllLines(_folder.File("a.jsonl"));
        File.WriteAllLines(_folder.File("a.jsonl"), lines[..^1]);
        using LikelihoodScoringTransformer resumed = new MaskedDiffusionTrainer(_ml, Small(View("the cat sat on the log"), Checkpointed))
            .Fit(Files());
        Assert.AreEqual(9, resumed.TrainingResult!.Steps);
    }

    [TestMethod]
    public void AReadingThatFailsLeavesNothingBehind()
    {
        File.WriteAllText(_folder.File("a.jsonl"), "{\"text\": \"one\"}\n{\"text\": 2}\n");
        var trainer = new MaskedDiffusionTrainer(
            _ml, Small(View("the cat"), o => (o.Checkpoints.TokenFolder, o.Tokenizer) =
            (_folder.File("tokens"), TokenizerSource.FromTokenizer(Corpora.ByteLevel))));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(
            () => trainer.Fit(_ml.MaskedDiffusion().LoadText(_folder.File("a.jsonl")))).Message, "a.jsonl, line 2");
        CollectionAssert.AreEqual(new[] { ".lock" },
            Directory.GetFileSystemEntries(_folder.File("tokens")).Select(Path.GetFileName).ToArray());
    }
}
