namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The trainers on the ranks of a group: texts, rows, adapters and packed tokens, held against one process.</summary>
[TestClass]
public sealed class GroupTrainerTests
{
    private static readonly string[] Sentences =
        ["the cat sat on the mat", "the dog sat on the log", "", "a cat and a dog", "   ", "the mat and the log", "a dog on a mat",
        "the cat and the log", "a log on a mat and a cat on the log"];

    private readonly TemporaryFolder _folder = new();

    private sealed class Document
    {
        public string Text { get; set; } = "";
    }

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    private static CountingView View(MLContext ml, params string[] texts) =>
        new(ml.Data.LoadFromEnumerable(texts.Select(text => new Document { Text = text }).ToList()));

    private static TrainerOptions Small(MLContext ml, Action<TrainerOptions>? change = null)
    {
        var options = new TrainerOptions
        {
            Network = new TransformerConfig { LayerCount = 1, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 32, ContextLength = 12 },
            Tokenizer = TokenizerSource.TrainBytePairEncoding(270),
            ValidationSet = View(ml, "the cat sat on the log"),
            Validation = { Interval = 2 },
            Compute = { VirtualRanks = 2 },
            MaxSteps = 5,
            BatchSize = 4,
            Seed = 3,
            Device = "cpu",
        };
        change?.Invoke(options);
        return options;
    }

    private static byte[] Saved(LikelihoodScoringTransformer transformer)
    {
        using (transformer)
        {
            using var stream = new MemoryStream();
            transformer.Model.Save(stream);
            return stream.ToArray();
        }
    }

    private static byte[] Alone(Action<TrainerOptions>? change = null)
    {
        var ml = new MLContext(1);
        return Saved(new MaskedDiffusionTrainer(ml, Small(ml, change)).Fit(View(ml, Sentences)));
    }

    [TestMethod]
    public void TextInMemoryIsReadByEachRank()
    {
        byte[] expected = Alone();
        foreach (byte[] rank in ThreadGroup.Run(2, group =>
        {
            var ml = new MLContext(1);
            return Saved(new MaskedDiffusionTrainer(ml, Small(ml, o => o.ProcessGroup = group)).Fit(View(ml, Sentences)));
        }))
        {
            CollectionAssert.AreEqual(expected, rank);
        }
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void TextInAFolderIsReadByTheFirstRankAlone(bool besideCheckpoints)
    {
        byte[] expected = Alone();
        void Placed(TrainerOptions o)
        {
            if (besideCheckpoints)
                (o.Checkpoints.Folder, o.Checkpoints.Resume) = (_folder.File("run"), true);
            else
                o.Checkpoints.TokenFolder = _folder.File("tokens");
        }
        for (int run = 0; run < 2; run++)
        {
            (byte[] Model, int Opened)[] ranks = ThreadGroup.Run(2, group =>
            {
                var ml = new MLContext(1);
                CountingView text = View(ml, Sentences);
                TrainerOptions options = Small(ml, o => o.ProcessGroup = group);
                Placed(options);
                return (Saved(new MaskedDiffusionTrainer(ml, options).Fit(text)), text.Opened);
            });
            foreach ((byte[] model, _) in ranks)
                CollectionAssert.AreEqual(expected, model);
            // Once for the tokenizer and once for the tokens; a resumed run finds both.
            int first = run == 0 || !besideCheckpoints ? 2 : 0;
            CollectionAssert.AreEqual(new[] { first, 0 }, ranks.Select(rank => rank.Opened).ToArray());
        }
    }

    [TestMethod]
    public void ARankThatDoesNotSeeTheTokensIsToldAboutTheDrive()
    {
        (_, Exception?[] errors) = ThreadGroup.Try(2, group =>
        {
            var ml = new MLContext(1);
            TrainerOptions options = Small(ml, o => (o.ProcessGroup, o.Checkpoints.TokenFolder) =
                (group, _folder.File($"drive{group.Rank}")));
            return Saved(new MaskedDiffusionTrainer(ml, options).Fit(View(ml, Sentences)));
        });
        StringAssert.StartsWith(Assert.IsInstanceOfType<DirectoryNotFoundException>(errors[1]).Message,
            "Rank 1 does not find the tokens that rank 0 has written to ");
        Assert.AreEqual(1, Assert.IsInstanceOfType<RankFailedException>(errors[0]).Rank);
        Assert.IsFalse(Directory.Exists(_folder.File("drive1")), "a rank that reads makes no folder");
    }

    [TestMethod]
    public void RanksOfOtherTextsAndOptionsAreNamedBeforeTraining()
    {
        string[] Errors(Func<IProcessGroup, MLContext, (TrainerOptions, IDataView)> make)
        {
            (_, Exception?[] errors) = ThreadGroup.Try(3, group =>
            {
                var ml = new MLContext(1);
                (TrainerOptions options, IDataView text) = make(group, ml);
                return Saved(new MaskedDiffusionTrainer(ml, options).Fit(text));
            });
            return [.. errors.Select(error => Assert.IsExactInstanceOfType<InvalidOperationException>(error).Message)];
        }
        void Three(TrainerOptions o, IProcessGroup group) => (o.ProcessGroup, o.BatchSize, o.Compute.VirtualRanks) = (group, 6, 3);
        foreach (string message in Errors((group, ml) => (Small(ml, o => Three(o, group)),
            View(ml, group.Rank == 1 ? Sentences[1..] : Sentences))))
        {
            StringAssert.Contains(message, "rank 1: Training data is ");
            Assert.IsFalse(message.Contains("rank 2: ", StringComparison.Ordinal), message);
        }
        foreach (string message in Errors((group, ml) => (Small(ml, o =>
        {
            Three(o, group);
            o.Checkpoints.Folder = group.Rank == 2 ? null : _folder.File("run");
        }), View(ml, Sentences))))
        {
            StringAssert.Contains(message, "rank 2: Checkpoints.Folder is null, and on rank 0 set");
        }
        foreach (string message in Errors((group, ml) => (Small(ml, o =>
        {
            Three(o, group);
            o.Noise.LossWeighting = group.Rank == 2 ? LossWeighting.Uniform : LossWeighting.InverseNoiseLevel;
        }), View(ml, Sentences))))
        {
            StringAssert.Contains(message, "rank 2: LossWeighting is Uniform, and on rank 0 ");
        }
    }

    [TestMethod]
    public void AMissingColumnOnOneRankStopsAll()
    {
        (_, Exception?[] errors) = ThreadGroup.Try(2, group =>
        {
            var ml = new MLContext(1);
            TrainerOptions options = Small(ml, o => (o.ProcessGroup, o.TextColumnName) = (group, group.Rank == 0 ? "Text" : "Body"));
            return Saved(new MaskedDiffusionTrainer(ml, options).Fit(View(ml, Sentences)));
        });
        StringAssert.Contains(Assert.IsInstanceOfType<ArgumentOutOfRangeException>(errors[1]).Message, "'Body'");
        StringAssert.Contains(Assert.IsInstanceOfType<RankFailedException>(errors[0]).Message, "'Body'");
    }

    [TestMethod]
    public void SeedsOfContextsNeedNotBeTheSame()
    {
        byte[][] ranks = ThreadGroup.Run(2, group =>
        {
            var ml = new MLContext(group.Rank);
            return Saved(new MaskedDiffusionTrainer(ml, Small(ml, o => (o.ProcessGroup, o.Seed) = (group, null))).Fit(View(ml, Sentences)));
        });
        CollectionAssert.AreEqual(ranks[0], ranks[1]);
    }

    [TestMethod]
    [DataRow(false, LossDivisor.Batch)]
    [DataRow(false, LossDivisor.MicroBatch)]
    [DataRow(true, LossDivisor.Batch)]
    public void PromptsAndAdaptersAreTrainedTheSame(bool lora, LossDivisor divisor)
    {
        using MaskedDiffusionModel initial = TinyModel.Create();
        void Change(TrainerOptions o)
        {
            (o.InitialModel, o.Rows.LossDivisor) = (initial, divisor);
            (o.BatchSize, o.Compute.MicroBatchSize, o.Compute.VirtualRanks) = (8, 1, 4);
            o.Lora = lora ? new LoraOptions { Rank = 4, Alpha = 8 } : null;
        }
        byte[] expected = Saved(FineTuningTests.Fit(Change));
        foreach (int size in new[] { 2, 4 })
        {
            foreach (byte[] rank in ThreadGroup.Run(size, group => Saved(FineTuningTests.Fit(o =>
            {
                Change(o);
                o.ProcessGroup = group;
            }))))
            {
                CollectionAssert.AreEqual(expected, rank);
            }
        }
    }

    [TestMethod]
    public void PackedTokensAreReadByEachRank()
    {
        var ml = new MLContext(1);
        using MaskedDiffusionModel model = TinyModel.Create();
        string[] texts = [.. Enumerable.Range(0, 40).Select(i => $"the cat sat on the mat {i}")];
        ml.MaskedDiffusion().SavePackedTokens(View(ml, texts), model.Tokenizer, _folder.Path);
        byte[] Fit(IProcessGroup group) => Saved(new MaskedDiffusionTrainer(
            ml, Small(ml, o => (o.ProcessGroup, o.Tokenizer) = (group, TokenizerSource.FromTokenizer(model.Tokenizer))))
                .Fit(ml.MaskedDiffusion().LoadPackedTokens(_folder.Path)));
        byte[] expected = Fit(SingleProcess.Instance);
        foreach (byte[] rank in ThreadGroup.Run(2, Fit))
            CollectionAssert.AreEqual(expected, rank);
    }
}
