using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class MaskedDiffusionTrainerTests
{
    private sealed class Document
    {
        public string? Text { get; set; }

        public float Number { get; set; }
    }

    internal static readonly string[] Sentences =
    [
        "the cat sat on the mat", "the dog sat on the log", "", "a cat and a dog", "   ", "the mat and the log", "a dog on a mat",
        "the cat and the log",
    ];

    internal static IDataView View(MLContext ml, params string?[] texts) =>
        ml.Data.LoadFromEnumerable(texts.Select(text => new Document { Text = text }).ToList());

    internal static TrainerOptions Small(Action<TrainerOptions>? change = null)
    {
        var options = new TrainerOptions
        {
            Network = new TransformerConfig { LayerCount = 1, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 32, ContextLength = 12 },
            Tokenizer = TokenizerSource.TrainBytePairEncoding(270),
            MaxSteps = 4,
            BatchSize = 4,
            ProgressInterval = 1,
            Seed = 3,
            Device = "cpu",
        };
        change?.Invoke(options);
        return options;
    }

    [TestMethod]
    public void FitsAModelThatFitsItsTokenizer()
    {
        var ml = new MLContext(1);
        using LikelihoodScoringTransformer transformer = new MaskedDiffusionTrainer(ml, Small()).Fit(View(ml, Sentences));
        Assert.AreEqual(transformer.Model.Tokenizer.VocabularySize, transformer.Model.Config.VocabularySize);
        Assert.AreEqual(12, transformer.Model.Config.ContextLength);
        TrainingResult result = transformer.TrainingResult!;
        Assert.AreEqual((4L, 6L, 2L), (result.Steps, result.Documents, result.EmptyRows));
        Assert.AreEqual(3, result.Seed);
        Assert.IsTrue(double.IsFinite(result.FinalLoss));
        Assert.HasCount(4, result.LossHistory);
    }

    [TestMethod]
    public void TheSchemaPromisedIsTheOneMade()
    {
        var ml = new MLContext(1);
        IDataView view = View(ml, Sentences);
        MaskedDiffusionTrainer trainer = ml.MaskedDiffusion()
            .Trainer(Small(o => (o.Outputs.NegativeLogLikelihoodColumnName, o.Outputs.TokenCountColumnName) = ("Bound", "Tokens")));
        SchemaShape promised = trainer.GetOutputSchema(SchemaShapes.Of(view.Schema));
        using LikelihoodScoringTransformer transformer = trainer.Fit(view);
        SchemaShape made = SchemaShapes.Of(transformer.GetOutputSchema(view.Schema));
        CollectionAssert.AreEqual(made.Select(c => (c.Name, c.Kind, c.ItemType)).ToArray(),
            promised.Select(c => (c.Name, c.Kind, c.ItemType)).ToArray());
        CollectionAssert.IsSubsetOf(new[] { "Text", "Bound", "NegativeLogLikelihoodStandardError", "Tokens" },
            promised.Select(c => c.Name).ToArray());
    }

    [TestMethod]
    public void PhasesComeInOrder()
    {
        var ml = new MLContext(1);
        var progress = new Collected<TrainingProgress>();
        using var transformer = new MaskedDiffusionTrainer(
            ml, Small(o => (o.Progress, o.ValidationSet) = (progress, View(ml, "the cat sat on the log")))).Fit(View(ml, Sentences));
        TrainingPhase[] phases = [.. progress.Reports.Select(r => r.Phase).Distinct()];
        CollectionAssert.AreEqual(Enum.GetValues<TrainingPhase>(), phases);
        Assert.AreEqual(6, progress.Reports.First(r => r.Phase == TrainingPhase.Packing).Documents);
        Assert.IsNotNull(transformer.TrainingResult!.ValidationLoss);
    }

    [TestMethod]
    public void ACancelledRunGoesOnFromItsCheckpoints()
    {
        using var folder = new TemporaryFolder();
        static byte[] Saved(LikelihoodScoringTransformer transformer)
        {
            using var stream = new MemoryStream();
            transformer.Model.Save(stream);
            return stream.ToArray();
        }
        var ml = new MLContext(1);
        using LikelihoodScoringTransformer whole = new MaskedDiffusionTrainer(ml, Small()).Fit(View(ml, Sentences));
        using var source = new CancellationTokenSource();
        void Checkpointed(TrainerOptions o) =>
            (o.Checkpoints.Folder, o.Checkpoints.Interval, o.Checkpoints.Resume) = (folder.File("run"), 1, true);
        var stopping = Small(o => (o.Progress, o.CancellationToken) =
            (new Collected<TrainingProgress>(report => { if (report is { Step: 3, Phase: TrainingPhase.Training }) source.Cancel(); }),
            source.Token));
        Checkpointed(stopping);
        Assert.ThrowsExactly<OperationCanceledException>(() => new MaskedDiffusionTrainer(ml, stopping).Fit(View(ml, Sentences)));

        var error = Assert.ThrowsExactly<InvalidOperationException>(
            () => new MaskedDiffusionTrainer(ml, Small(o => { Checkpointed(o); o.Noise.Levels = NoiseLevels.Stratified; }))
            .Fit(View(ml, Sentences)));
        StringAssert.Contains(error.Message, "NoiseLevels: Independent in the checkpoint, Stratified now");

        // Without a seed of its own, in a context that draws another.
        var other = new MLContext(77);
        var lines = new List<string>();
        other.Log += (_, e) => lines.Add(e.RawMessage);
        using LikelihoodScoringTransformer resumed = new MaskedDiffusionTrainer(other, Small(o => { Checkpointed(o); o.Seed = null; }))
            .Fit(View(other, Sentences));
        CollectionAssert.AreEqual(Saved(whole), Saved(resumed));
        Assert.IsTrue(lines.Any(line => line.StartsWith("Resumed at step 3 from ", StringComparison.Ordinal)), string.Join('\n', lines));
    }

    [TestMethod]
    public void TheLogLeavesOutWhatIsNotMeasuredYet()
    {
        var ml = new MLContext(1);
        var lines = new List<string>();
        ml.Log += (_, e) => lines.Add(e.RawMessage);
        // Validations come before the first report of steps.
        TrainerOptions options = Small(o => { o.MaxSteps = 4; o.ProgressInterval = 4; o.Validation.Interval = 2; });
        options.ValidationSet = View(ml, Sentences);
        using LikelihoodScoringTransformer trained = new MaskedDiffusionTrainer(ml, options).Fit(View(ml, Sentences));
        string all = string.Join('\n', lines);
        StringAssert.Contains(all, "Step 2 of 4: validation loss ");
        StringAssert.Contains(all, "Step 4 of 4: training loss ");
        Assert.DoesNotContain("NaN", all);
    }

    [TestMethod]
    public void AutoFollowsTheContextsChoiceOfDevice()
    {
        // No machine has so many GPUs.
        var ml = new MLContext(1) { GpuDeviceId = 9999, FallbackToCpu = false };
        var error = Assert.ThrowsExactly<InvalidOperationException>(
            () => new MaskedDiffusionTrainer(ml, Small(o => o.Device = "auto")).Fit(View(ml, Sentences)));
        StringAssert.Contains(error.Message, "9999");
        ml.FallbackToCpu = true;
        using LikelihoodScoringTransformer transformer = new MaskedDiffusionTrainer(ml, Small(o => o.Device = "auto"))
            .Fit(View(ml, Sentences));
        Assert.AreEqual("cpu", transformer.TrainingResult!.Device);
    }

    [TestMethod]
    public void ANewContextTrainsOnWhateverThereIs()
    {
        var ml = new MLContext(1);
        Assert.IsFalse(ml.FallbackToCpu);
        using LikelihoodScoringTransformer transformer = new MaskedDiffusionTrainer(ml, Small(o => o.Device = "auto"))
            .Fit(View(ml, Sentences));
        Assert.AreEqual(DeviceChoice.Describe(DeviceChoice.Resolve("auto")), transformer.TrainingResult!.Device);
    }

    [TestMethod]
    public void AnEstimatorCanFitAgainAndGivesTheSame()
    {
        var ml = new MLContext(1);
        TrainerOptions options = Small();
        var trainer = new MaskedDiffusionTrainer(ml, options);
        options.MaxSteps = 1;
        using LikelihoodScoringTransformer first = trainer.Fit(View(ml, Sentences)), second = trainer.Fit(View(ml, Sentences));
        Assert.AreEqual(4, first.TrainingResult!.Steps);
        CollectionAssert.AreEqual(first.TrainingResult.LossHistory.Select(p => p.Loss).ToArray(),
            second.TrainingResult!.LossHistory.Select(p => p.Loss).ToArray());
    }

    [TestMethod]
    public void FitsAtTheSameTimeDoNotDisturbEachOther()
    {
        var ml = new MLContext(1);
        var trainer = new MaskedDiffusionTrainer(ml, Small(o => o.MaxSteps = 12));
        double[] Losses(LikelihoodScoringTransformer transformer)
        {
            using (transformer)
                return [.. transformer.TrainingResult!.LossHistory.Select(p => p.Loss)];
        }

        double[] alone = Losses(trainer.Fit(View(ml, Sentences)));
        var together = new double[3][];
        Parallel.For(0, together.Length, new ParallelOptions { MaxDegreeOfParallelism = together.Length }, i =>
            together[i] = Losses(trainer.Fit(View(ml, Sentences))));
        foreach (double[] losses in together)
            CollectionAssert.AreEqual(alone, losses);
    }

    [TestMethod]
    public void WithoutASeedTheContextsSeedDecides()
    {
        double[] Losses(int seed)
        {
            var ml = new MLContext(seed);
            using LikelihoodScoringTransformer transformer = new MaskedDiffusionTrainer(ml, Small(o => o.Seed = null))
                .Fit(View(ml, Sentences));
            return [.. transformer.TrainingResult!.LossHistory.Select(p => p.Loss)];
        }

        CollectionAssert.AreEqual(Losses(1), Losses(1));
        CollectionAssert.AreNotEqual(Losses(1), Losses(2));
    }

    [TestMethod]
    public void ReadsEachRowOnceForTheTokenizerAndOnceForItsTokens()
    {
        var ml = new MLContext(1);
        var view = new CountingView(View(ml, Sentences));
        using LikelihoodScoringTransformer trained = new MaskedDiffusionTrainer(ml, Small()).Fit(view);
        Assert.AreEqual((2, 2), (view.Opened, view.Disposed));
        TextTokenizer tokenizer = trained.Model.Tokenizer;
        view = new CountingView(View(ml, Sentences));
        using LikelihoodScoringTransformer given =
            new MaskedDiffusionTrainer(ml, Small(o => o.Tokenizer = TokenizerSource.FromTokenizer(tokenizer))).Fit(view);
        Assert.AreEqual((1, 1), (view.Opened, view.Disposed));
    }

    [TestMethod]
    [DataRow(TrainingPhase.TrainingTokenizer)]
    [DataRow(TrainingPhase.Tokenizing)]
    [DataRow(TrainingPhase.Packing)]
    [DataRow(TrainingPhase.Training)]
    [DataRow(TrainingPhase.Validating)]
    public void CanBeCancelledInEveryPhase(TrainingPhase phase)
    {
        var ml = new MLContext(1);
        using var source = new CancellationTokenSource();
        var view = new CountingView(View(ml, Sentences));
        var trainer = new MaskedDiffusionTrainer(ml, Small(o =>
        {
            o.CancellationToken = source.Token;
            o.Progress = new Collected<TrainingProgress>(report => { if (report.Phase == phase) source.Cancel(); });
            o.ValidationSet = View(ml, "the cat sat on the log");
            o.Validation.Interval = 1;
        }));
        Assert.ThrowsExactly<OperationCanceledException>(() => trainer.Fit(view));
        Assert.AreEqual(view.Opened, view.Disposed);
    }

    [TestMethod]
    public void CancelledBeforehandItReadsNothingToTheEnd()
    {
        var ml = new MLContext(1);
        var trainer = new MaskedDiffusionTrainer(ml, Small(o => o.CancellationToken = new CancellationToken(canceled: true)));
        Assert.ThrowsExactly<OperationCanceledException>(() => trainer.Fit(View(ml, Sentences)));
    }

    [TestMethod]
    public void CancelledItCanKeepWhatItHas()
    {
        var ml = new MLContext(1);
        using var source = new CancellationTokenSource();
        using LikelihoodScoringTransformer transformer = new MaskedDiffusionTrainer(ml, Small(o =>
        {
            o.CancellationToken = source.Token;
            o.CancelBehavior = CancelBehavior.ReturnBestSoFar;
            o.Progress = new Collected<TrainingProgress>(report => { if (report.Step == 2) source.Cancel(); });
        })).Fit(View(ml, Sentences));
        Assert.AreEqual((TrainingStop.Cancelled, 2L), (transformer.TrainingResult!.Stop, transformer.TrainingResult.Steps));
    }

    [TestMethod]
    [DataRow(0, "no rows")]
    [DataRow(3, "all 3 rows are empty or white space")]
    public void ACorpusWithoutTextIsRefused(int rows, string expected)
    {
        var ml = new MLContext(1);
        var error = Assert.ThrowsExactly<InvalidOperationException>(
            () => new MaskedDiffusionTrainer(ml, Small()).Fit(View(ml, [.. Enumerable.Repeat(" \n\t", rows)])));
        StringAssert.Contains(error.Message, expected);
        StringAssert.Contains(error.Message, "'Text'");
    }

    [TestMethod]
    public void AValidationSetWithoutTextIsRefusedBeforeTraining()
    {
        var ml = new MLContext(1);
        var progress = new Collected<TrainingProgress>();
        var trainer = new MaskedDiffusionTrainer(ml, Small(o => (o.ValidationSet, o.Progress) = (View(ml, "", " "), progress)));
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => trainer.Fit(View(ml, Sentences)));
        StringAssert.Contains(error.Message, "validation data");
        Assert.IsFalse(progress.Reports.Any(r => r.Phase == TrainingPhase.Training));
    }

    [TestMethod]
    [DataRow("Missing", "no such column")]
    [DataRow("Number", "got Single")]
    public void AColumnThatIsNotTextIsRefusedWhenFitting(string column, string expected)
    {
        var ml = new MLContext(1);
        var trainer = new MaskedDiffusionTrainer(ml, Small(o => o.TextColumnName = column));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => trainer.Fit(View(ml, Sentences))).Message, expected);
        // Inside a chain the schema is checked first, through GetOutputSchema.
        var chain = new Microsoft.ML.Data.EstimatorChain<ITransformer>().Append(trainer);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => chain.Fit(View(ml, Sentences))).Message, expected);
    }

    [TestMethod]
    public void AValidationSetWithoutTheColumnIsRefusedByName()
    {
        var ml = new MLContext(1);
        IDataView numbers = ml.Transforms.DropColumns("Text").Fit(View(ml, "a")).Transform(View(ml, "a"));
        var view = new CountingView(View(ml, Sentences));
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => new MaskedDiffusionTrainer(ml, Small(o => o.ValidationSet = numbers)).Fit(view));
        Assert.AreEqual("ValidationSet", error.ParamName);
        StringAssert.Contains(error.Message, "text column 'Text': expected String, but there is no such column. The columns are: Number");
        Assert.AreEqual(0, view.Opened, "refused before anything is read");
    }

    [TestMethod]
    public void ADeviceThatIsNotThereIsRefusedBeforeAnythingIsRead()
    {
        var ml = new MLContext(1);
        var view = new CountingView(View(ml, Sentences));
        var error = Assert.ThrowsExactly<ArgumentException>(
            () => new MaskedDiffusionTrainer(ml, Small(o => o.Device = "cuda:77")).Fit(view));
        StringAssert.Contains(error.Message, "\"cuda:77\"");
        Assert.AreEqual(0, view.Opened);
    }

    [TestMethod]
    public void ATokenizerWithoutAnEndOfSequenceIsRefusedBeforeAnythingIsRead()
    {
        var ml = new MLContext(1);
        TextTokenizer trained = TokenizerSource.TrainBytePairEncoding(270).Resolve(() => Sentences, null, CancellationToken.None);
        var files = new Dictionary<string, byte[]>(trained.Files)
        {
            ["special_tokens_map.json"] = "{}"u8.ToArray(),
        };
        TextTokenizer endless = TextTokenizer.FromFiles(files);
        Assert.IsNull(endless.EndOfSequenceId);
        var view = new CountingView(View(ml, Sentences));
        var error = Assert.ThrowsExactly<ArgumentException>(
            () => new MaskedDiffusionTrainer(ml, Small(o => o.Tokenizer = TokenizerSource.FromTokenizer(endless))).Fit(view));
        StringAssert.Contains(error.Message, "tokenizer has no end-of-sequence token");
        Assert.AreEqual(0, view.Opened);
    }

    [TestMethod]
    public void MicroBatchesDefaultToAboutFourThousandTokens()
    {
        static int Resolved(int batch, int context) => MaskedDiffusionTrainer.DefaultMicroBatchSize(batch, context);
        Assert.AreEqual(16, Resolved(16, 256));
        Assert.AreEqual(2, Resolved(16, 2048));
        Assert.AreEqual(1, Resolved(7, 2048));
        Assert.AreEqual(7, Resolved(7, 300));
        Assert.AreEqual(1, Resolved(4, 8192));
    }
}
