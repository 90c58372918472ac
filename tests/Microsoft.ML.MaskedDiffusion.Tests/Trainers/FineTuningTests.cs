using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Modeling;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Fine-tuning through the trainers, from a model, on prompts and answers or on rows of their own.</summary>
[TestClass]
public sealed class FineTuningTests
{
    private static readonly MaskedDiffusionModel Model = TinyModel.Create();

    private static readonly string[] Animals = ["cat", "dog", "bird", "river", "tree", "sea"],
        Places = ["mat", "door", "tree", "sea", "river", "wide"];

    internal static readonly FineTuningRow[] Rows =
        [.. Animals.Zip(Places, (animal, place) => new FineTuningRow($"where is the {animal}?", "", $" {place}"))];

    private sealed class Question
    {
        public string Prompt { get; set; } = "";

        [VectorType(6)]
        public string[] Choices { get; set; } = Places;
    }

    internal static IDataView View(params FineTuningRow[] rows) => new MLContext(1).Data.LoadFromEnumerable(rows);

    internal static TrainerOptions Options(Action<TrainerOptions>? change = null)
    {
        var options = new TrainerOptions
        {
            InitialModel = Model,
            TextColumnName = "Answer",
            Rows = { PromptColumnName = "Prompt" },
            MaxSteps = 4,
            BatchSize = 6,
            Compute = { MicroBatchSize = 3 },
            ProgressInterval = 1,
            Seed = 3,
            Device = "cpu",
        };
        change?.Invoke(options);
        return options;
    }

    internal static LikelihoodScoringTransformer Fit(Action<TrainerOptions>? change = null, params FineTuningRow[] rows) =>
        new MLContext(1).MaskedDiffusion().Trainer(Options(change)).Fit(View(rows.Length > 0 ? rows : Rows));

    private static byte[] Saved(MaskedDiffusionModel model)
    {
        using var stream = new MemoryStream();
        model.Save(stream);
        return stream.ToArray();
    }

    [ClassCleanup]
    public static void Free() => Model.Dispose();

    [TestMethod]
    [DataRow(RowPadding.None, false, 0.0)]
    [DataRow(RowPadding.Longest, false, 0.1)]
    [DataRow(RowPadding.None, true, 0.0)]
    public void AnswersBecomeLikely(RowPadding padding, bool autoregressive, double guidanceDropout)
    {
        var ml = new MLContext(1);
        using MaskedDiffusionModel? causal = autoregressive ? Causal() : null;
        TrainerOptions options = Options(o =>
        {
            (o.InitialModel, o.Rows.Padding, o.Noise.GuidanceDropout) = (causal ?? Model, padding, guidanceDropout);
            (o.MaxSteps, o.LearningRate, o.ValidationSet, o.Validation.Interval, o.Validation.Samples) = (240, 1e-2, View(Rows), 60, 16);
        });
        IEstimator<LikelihoodScoringTransformer> trainer = autoregressive
            ? ml.MaskedDiffusion().AutoregressiveTrainer(options) : ml.MaskedDiffusion().Trainer(options);
        using LikelihoodScoringTransformer tuned = trainer.Fit(View(Rows));
        TrainingResult result = tuned.TrainingResult!;
        Assert.AreEqual((6L, 0L, 0L, 0L), (result.Documents, result.EmptyRows, result.LongRows, result.RepeatedTokens));
        // Six answers of equal chance would cost ln 6 nats and an end of sequence nothing; at first every token costs some ln 300.
        Assert.IsGreaterThan(1, result.LossHistory[0].Loss);
        Limit.Below(0.3, result.ValidationLoss!.Value);
        // The transformer scores the answer after its prompt.
        IDataView answers = tuned.Transform(View(Rows));
        CollectionAssert.AreEqual(Rows.Select(row => Model.Tokenizer.Encode(row.Answer).Length).ToArray(),
            answers.GetColumn<int>("TokenCount").ToArray());
        Limit.Below(0.5f, answers.GetColumn<float>("NegativeLogLikelihood").Largest());
        if (autoregressive)
            return;
        IDataView questions = ml.Data.LoadFromEnumerable(Rows.Select(row => new Question { Prompt = row.Prompt }).ToList());
        IDataView scored = ml.MaskedDiffusion().ScoreChoices(tuned.Model, "Prompt", "Choices").Fit(questions).Transform(questions);
        float[][] probabilities = [.. scored.GetColumn<float[]>("Probability")];
        for (int row = 0; row < Rows.Length; row++)
            Assert.IsGreaterThan(0.8f, probabilities[row][row], Rows[row].Prompt);
    }

    private static MaskedDiffusionModel Causal() => Fresh(autoregressive: true);

    private static MaskedDiffusionModel Fresh(bool autoregressive)
    {
        var network = new TransformerNetwork(Model.Config with { Autoregressive = autoregressive, ContextLength = 256 },
            TorchSharp.torch.CPU);
        network.Initialize(5);
        return new MaskedDiffusionModel(network, Model.Tokenizer);
    }

    [TestMethod]
    public void TheInitialModelIsWhereItStartsAndStaysAsItWas()
    {
        byte[] before = Saved(Model);
        // The learning rate of a warm-up's first step is 0: the weights that come out are those that went in.
        using LikelihoodScoringTransformer unmoved = Fit(o => (o.MaxSteps, o.Optimizer.WarmupSteps, o.Compute.MicroBatchSize) = (1, 1, 6));
        CollectionAssert.AreEqual(before, Saved(unmoved.Model));
        using LikelihoodScoringTransformer moved = Fit();
        CollectionAssert.AreNotEqual(before, Saved(moved.Model));
        CollectionAssert.AreEqual(before, Saved(Model));
        Assert.AreSame(Model.Tokenizer, moved.Model.Tokenizer);
    }

    [TestMethod]
    public void PackedDocumentsGoOnFromAModelToo()
    {
        using LikelihoodScoringTransformer transformer = Fit(o => o.Rows.PromptColumnName = null);
        TrainingResult result = transformer.TrainingResult!;
        Assert.AreEqual(4L * 6 * TinyModel.ContextLength, result.TokensSeen);
        Assert.IsGreaterThan(0, result.RepeatedTokens);
        Assert.AreEqual(Model.Config, transformer.Model.Config);
    }

    [TestMethod]
    [DataRow(RowPadding.None)]
    [DataRow(RowPadding.Longest)]
    [DataRow(RowPadding.Full)]
    public void WholeRowsAreSequencesOfTheirOwn(RowPadding padding)
    {
        FineTuningRow[] texts = [.. new[] { "the cat", "the dog sat on the mat", "a bird" }.Select(
            text => new FineTuningRow("", "", text))];
        using LikelihoodScoringTransformer transformer =
            Fit(o => (o.Rows.PromptColumnName, o.Rows.PackDocuments, o.Rows.Padding, o.BatchSize, o.Rows.MaxLength) =
            (null, false, padding, 3, 20), texts);
        // Each text stands between two ends of sequence; every step sees all three.
        int[] lengths = [.. texts.Select(text => Model.Tokenizer.Encode(text.Answer).Length + 2)];
        int step = padding switch { RowPadding.None => lengths.Sum(), RowPadding.Longest => 3 * lengths.Max(), _ => 60 };
        Assert.AreEqual(4L * step, transformer.TrainingResult!.TokensSeen);
        Assert.AreEqual(lengths.Sum(), transformer.TrainingResult.CorpusTokens);
        Assert.AreEqual(4, transformer.TrainingResult.Epochs);
    }

    [TestMethod]
    public void ATokenBudgetCountsRowsAsTheyAreSeen()
    {
        long Steps(RowPadding padding, long tokens)
        {
            using LikelihoodScoringTransformer transformer =
                Fit(o => (o.Rows.Padding, o.MaxSteps, o.Budget.MaxTokens) = (padding, null, tokens));
            return transformer.TrainingResult!.Steps;
        }

        // Full rows have 24 tokens: 144 a step.
        Assert.AreEqual(3, Steps(RowPadding.Full, 3 * 144));
        Assert.AreEqual(4, Steps(RowPadding.Full, 3 * 144 + 1));
        using LikelihoodScoringTransformer once = Fit(o => o.MaxSteps = 1);
        Assert.AreEqual(2, Steps(RowPadding.None, 2 * once.TrainingResult!.TokensSeen));
    }

    [TestMethod]
    public void ARunStoppedAndResumedEndsWithTheSameBits()
    {
        using var folder = new TemporaryFolder();
        void Recipe(TrainerOptions o) =>
            (o.Rows.Padding, o.Noise.GuidanceDropout, o.ValidationSet) = (RowPadding.Longest, 0.5, View(Rows[..3]));
        using LikelihoodScoringTransformer whole = Fit(Recipe);
        using var source = new CancellationTokenSource();
        void Checkpointed(TrainerOptions o)
        {
            Recipe(o);
            (o.Checkpoints.Folder, o.Checkpoints.Interval, o.Checkpoints.Resume) = (folder.File("run"), 1, true);
        }
        Assert.ThrowsExactly<OperationCanceledException>(() => Fit(o =>
        {
            Checkpointed(o);
            (o.Progress, o.CancellationToken) = (new Collected<TrainingProgress>(
                report => { if (report is { Step: 3, Phase: TrainingPhase.Training }) source.Cancel(); }), source.Token);
        }));
        using MaskedDiffusionModel other = TinyModel.Create(seed: 4);
        (string Difference, Action<TrainerOptions> Change, FineTuningRow[] Data)[] others =
        [
            ("GuidanceDropout: 0.5 in the checkpoint, 0.25 now", o => o.Noise.GuidanceDropout = 0.25, Rows),
            ("Padding: Longest in the checkpoint, None now", o => o.Rows.Padding = RowPadding.None, Rows),
            ("Initial weights: SHA-256", o => o.InitialModel = other, Rows),
            // The same ids in all, but another border between prompt and answer.
            ("Training data: 6 blocks", o => { }, [new FineTuningRow("where is the cat", "", "? mat"), .. Rows[1..]]),
            ("Training data: 6 blocks", o => (o.Rows.PromptColumnName, o.Rows.PackDocuments, o.Noise.GuidanceDropout) = (null, false, 0),
                Rows),
        ];
        foreach ((string difference, Action<TrainerOptions> change, FineTuningRow[] data) in others)
            StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(
                () => Fit(o => { Checkpointed(o); change(o); }, data)).Message, difference);
        using LikelihoodScoringTransformer resumed = Fit(Checkpointed);
        CollectionAssert.AreEqual(Saved(whole.Model), Saved(resumed.Model));
        Assert.AreEqual(whole.TrainingResult!.TokensSeen, resumed.TrainingResult!.TokensSeen);
        Assert.AreEqual(whole.TrainingResult.ValidationLoss, resumed.TrainingResult.ValidationLoss);
    }

    [TestMethod]
    public void AFreshTokenizerLearnsFromPromptsToo()
    {
        FineTuningRow[] rows = [.. Enumerable.Repeat(new FineTuningRow("zebra zebra", "quagga quagga", "one"), 20)];
        using LikelihoodScoringTransformer transformer = Fit(o =>
        {
            (o.InitialModel, o.Rows.ReasoningColumnName, o.Tokenizer) = (null, "Reasoning", TokenizerSource.TrainBytePairEncoding(280));
            o.Network = Model.Config with { ContextLength = 16 };
        }, rows);
        TextTokenizer tokenizer = transformer.Model.Tokenizer;
        Limit.AtMost(2, tokenizer.Encode(" zebra").Length);
        Limit.AtMost(2, tokenizer.Encode(" quagga").Length);
    }

    [TestMethod]
    public void RowsWithoutAnswerAndRowsTooLongAreLeftOutAndCounted()
    {
        string endless = string.Concat(Enumerable.Repeat("where is the cat? ", 10));
        FineTuningRow[] rows = [.. Rows, new FineTuningRow("where?", "", " "), new FineTuningRow(endless, "", " mat"),
            new FineTuningRow("where?", "", endless), new FineTuningRow("", "", " sea")];
        using LikelihoodScoringTransformer transformer = Fit(null, rows);
        Assert.AreEqual((7L, 1L, 2L), (transformer.TrainingResult!.Documents, transformer.TrainingResult.EmptyRows,
            transformer.TrainingResult.LongRows));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(
            () => Fit(o => o.Rows.Overflow = RowOverflow.Throw, rows)).Message, "Row 8 of the training data has");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Fit(o => o.Rows.MaxLength = 2, rows)).Message,
            "All 9 rows of the training data are longer than the 2 tokens");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(
            () => Fit(null, new FineTuningRow(endless, "", " mat"))).Message, "take a model with a longer context");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Fit(null, new FineTuningRow("where?", "", ""))).Message,
            "column with the answers");
    }

    [TestMethod]
    public void PromptsThatEndWithWhiteSpaceAreCounted()
    {
        var ml = new MLContext(1);
        List<string> warnings = Warnings.Of(ml);
        FineTuningRow[] rows =
            [new("where is the cat?", "", " mat"), new("where is it? ", "", "mat"), new("who?\n", "", "cat"), new("", "", " sea")];
        ml.MaskedDiffusion().Trainer(Options()).Fit(View(rows)).Dispose();
        StringAssert.StartsWith(warnings.Single(), "2 rows of the training data have white space at the end of the prompt.");
    }

    [TestMethod]
    public void APromptColumnThatIsMissingIsRefused()
    {
        var ml = new MLContext(1);
        foreach ((string Column, Action<TrainerOptions> Change) in new (string, Action<TrainerOptions>)[]
            { ("Missing", o => o.Rows.PromptColumnName = "Missing"), ("Gone", o => o.Rows.ReasoningColumnName = "Gone") })
        {
            var trainer = new MaskedDiffusionTrainer(ml, Options(Change));
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => trainer.Fit(View(Rows))).Message,
                $"column '{Column}': expected String, but there is no such column");
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => trainer.GetOutputSchema(SchemaShapes.Of(View(Rows).Schema)));
        }
        IDataView answers = ml.Transforms.DropColumns("Prompt").Fit(View(Rows)).Transform(View(Rows));
        Assert.AreEqual("ValidationSet", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => Fit(o => o.ValidationSet = answers)).ParamName);
    }

    [TestMethod]
    public void OptionsThatContradictEachOtherAreRefused()
    {
        using MaskedDiffusionModel causal = Causal();
        (string Option, Action<TrainerOptions> Change)[] bad =
        [
            ("Rows.ReasoningColumnName", o => (o.Rows.PromptColumnName, o.Rows.ReasoningColumnName) = (null, "Reasoning")),
            ("Rows.PackDocuments", o => o.Rows.PackDocuments = true),
            ("Noise.GuidanceDropout", o => (o.Rows.PromptColumnName, o.Rows.PackDocuments, o.Noise.GuidanceDropout) = (null, false, 0.1)),
            ("Rows.Padding", o => (o.Rows.PromptColumnName, o.Rows.Padding) = (null, RowPadding.Full)),
            ("Rows.MaxLength", o => o.Rows.MaxLength = TinyModel.ContextLength + 1),
            ("Rows.MaxLength", o => o.Rows.MaxLength = 1),
            ("Noise.StochasticLengthRatio", o => o.Noise.StochasticLengthRatio = 0.1),
            ("Network", o => o.Network = Model.Config with { LayerCount = 3 }),
            ("Tokenizer", o => o.Tokenizer = TokenizerSource.TrainBytePairEncoding(300)),
            ("Tokenizer", o => o.Tokenizer = TokenizerSource.FromTokenizer(Corpora.ByteLevel)),
        ];
        foreach ((string option, Action<TrainerOptions> change) in bad)
        {
            var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
                () => new MaskedDiffusionTrainer(new MLContext(1), Options(change)), option);
            Assert.AreEqual(option, error.ParamName);
        }
        foreach ((string option, Action<TrainerOptions> change) in new (string, Action<TrainerOptions>)[]
        {
            ("Rows.PromptColumnName", o => o.Rows.PromptColumnName = "Answer"),
            ("Rows.ReasoningColumnName", o => o.Rows.ReasoningColumnName = "Prompt"),
        })
        {
            var error = Assert.ThrowsExactly<ArgumentException>(
                () => new MaskedDiffusionTrainer(new MLContext(1), Options(change)), option);
            Assert.AreEqual(option, error.ParamName);
        }
        _ = new MaskedDiffusionTrainer(new MLContext(1),
            Options(o => (o.Network, o.Tokenizer) =
            (Model.Config, TokenizerSource.FromTokenizer(TextTokenizer.FromFiles(Model.Tokenizer.Files)))));
        foreach ((string option, Action<TrainerOptions> change) in new (string, Action<TrainerOptions>)[]
        {
            ("InitialModel", o => o.InitialModel = Model), ("Rows.Padding", o => o.Rows.Padding = RowPadding.Longest),
                ("Noise.GuidanceDropout", o => o.Noise.GuidanceDropout = 0.1),
        })
        {
            var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
                () => new AutoregressiveTrainer(new MLContext(1), Options(o => { o.InitialModel = causal; change(o); })), option);
            Assert.AreEqual(option, error.ParamName);
        }
    }

    [TestMethod]
    public void ADisposedInitialModelIsRefused()
    {
        MaskedDiffusionModel gone = TinyModel.Create();
        gone.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => Fit(o => o.InitialModel = gone));
    }

    [TestMethod]
    public void RecipesAreThePublishedOnes()
    {
        // SMDM's defaults: 3, 40 and 10 epochs, batches of 256, 256 and 64, warm-ups of 200 steps, 1 % and 200 steps. The second is that
        // of every training here, 1 % of the run but at least 100 steps: the published one at the published number of steps.
        TrainerOptions share = FineTuningRecipes.ShareGpt(Model, 0.1), gsm = FineTuningRecipes.Gsm8k(Model),
            reversal = FineTuningRecipes.Reversal(Model);
        Assert.AreEqual((3.0, 256, (int?)16, (int?)200, RowPadding.Longest, 0.1),
            (share.Budget.MaxEpochs, share.BatchSize, share.Compute.MicroBatchSize, share.Optimizer.WarmupSteps, share.Rows.Padding,
            share.Noise.GuidanceDropout));
        Assert.AreEqual((40.0, 256, (int?)16, (int?)null, RowPadding.Full, 0.0),
            (gsm.Budget.MaxEpochs, gsm.BatchSize, gsm.Compute.MicroBatchSize, gsm.Optimizer.WarmupSteps, gsm.Rows.Padding,
            gsm.Noise.GuidanceDropout));
        Assert.AreEqual((10.0, 64, (int?)8, (int?)200, RowPadding.Longest, 0.0),
            (reversal.Budget.MaxEpochs, reversal.BatchSize, reversal.Compute.MicroBatchSize, reversal.Optimizer.WarmupSteps,
            reversal.Rows.Padding, reversal.Noise.GuidanceDropout));
        foreach (TrainerOptions options in new[] { share, gsm, reversal })
            Assert.AreEqual((2e-4, 0.1), (options.LearningRate, options.Optimizer.MinLearningRateRatio));
    }

    [TestMethod]
    public void FilesOfThePublishedFormatsTrain()
    {
        using var folder = new TemporaryFolder();
        string Write(string name, string content)
        {
            File.WriteAllText(folder.File(name), content);
            return folder.File(name);
        }
        var ml = new MLContext(1);
        using MaskedDiffusionModel model = Fresh(autoregressive: false), causal = Fresh(autoregressive: true);
        string chats = Write("sharegpt.json",
            """[{"conversations": [{"from": "human", "value": "Hi?"}, {"from": "gpt", "value": "Hello."}]}]""");
        (IEstimator<LikelihoodScoringTransformer> Trainer, IEnumerable<FineTuningRow> Rows, int Count)[] runs =
        [
            (ml.MaskedDiffusion().Trainer(Short(FineTuningRecipes.ShareGpt(model, 0.1))), FineTuningReader.ShareGpt.Read(chats), 1),
            (ml.MaskedDiffusion().AutoregressiveTrainer(Short(FineTuningRecipes.ShareGpt(causal))), FineTuningReader.ShareGpt.Read(chats),
                1),
            (ml.MaskedDiffusion().Trainer(Short(FineTuningRecipes.Gsm8k(model))),
                FineTuningReader.Gsm8k.Read(Write("train.txt", "How many?||<<1+1=2>> #### 2\n")), 2),
            (ml.MaskedDiffusion().Trainer(Short(FineTuningRecipes.Reversal(model))),
                FineTuningReader.Reversal.Read(Write("all.jsonl", "{\"prompt\": \"Ann is\", \"completion\": \" a poet.\"}\n")), 1),
        ];
        foreach ((IEstimator<LikelihoodScoringTransformer> trainer, IEnumerable<FineTuningRow> rows, int count) in runs)
        {
            using LikelihoodScoringTransformer transformer = trainer.Fit(ml.Data.LoadFromEnumerable(rows));
            TrainingResult result = transformer.TrainingResult!;
            Assert.AreEqual((2L, (long)count, 0L), (result.Steps, result.Documents, result.LongRows));
            Assert.IsTrue(double.IsFinite(result.FinalLoss));
        }

        static TrainerOptions Short(TrainerOptions options)
        {
            (options.BatchSize, options.Compute.MicroBatchSize, options.MaxSteps, options.Optimizer.WarmupSteps, options.Budget.MaxEpochs) =
                (2, 1, 2, 1, null);
            return options;
        }
    }
}
