using Microsoft.ML.MaskedDiffusion.Corpora.Packed;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class PackedTokensTests
{
    private const int Context = 12;

    // One id a byte: a document's ids are its letters and the end of sequence.
    private static readonly TextTokenizer Letters = TokenizerSource.TrainBytePairEncoding(258)
        .Resolve(() => ["any text"], null, CancellationToken.None);

    private readonly TemporaryFolder _folder = new();
    private readonly MLContext _ml = new(1);

    private sealed class Document
    {
        public string Text { get; set; } = "";
    }

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    private IDataView View(IEnumerable<string> texts) =>
        _ml.Data.LoadFromEnumerable(texts.Select(text => new Document { Text = text }).ToList());

    /// <summary>Documents of one length, end of sequence included.</summary>
    private static string[] Documents(int count, int length) => [.. Enumerable.Range(0, count)
        .Select(i => string.Concat(Enumerable.Range(0, length - 1).Select(j => (char)('a' + (7 * i + j) % 26))))];

    private static TrainerOptions Small(Action<TrainerOptions>? change = null)
    {
        var options = new TrainerOptions
        {
            Network = new TransformerConfig
            {
                LayerCount = 1,
                HeadCount = 2,
                EmbeddingSize = 16,
                FeedForwardSize = 32,
                ContextLength = Context,
            },
            Tokenizer = TokenizerSource.FromTokenizer(Letters),
            MaxSteps = 6,
            BatchSize = 4,
            ProgressInterval = 1,
            Seed = 3,
            Device = "cpu",
        };
        change?.Invoke(options);
        return options;
    }

    private static byte[] Saved(LikelihoodScoringTransformer transformer)
    {
        using var stream = new MemoryStream();
        transformer.Model.Save(stream);
        return stream.ToArray();
    }

    private PackedTokensResult Save(IEnumerable<string> texts, int tokensPerFile, string prefix = "train") =>
        _ml.MaskedDiffusion().SavePackedTokens(
            View(texts), Letters, _folder.Path, new PackedTokensOptions { TokensPerFile = tokensPerFile, Prefix = prefix });

    private PackedCorpus Load(Action<PackedCorpusOptions> change)
    {
        var options = new PackedCorpusOptions { Sources = [new PackedSource(_folder.Path)] };
        change(options);
        return _ml.MaskedDiffusion().LoadPackedTokens(options);
    }

    [TestMethod]
    public void WhatIsWrittenIsEveryDocumentAndItsEndOfSequence()
    {
        string[] texts = ["one", "", "two and three", " ", "füñf"];
        Assert.AreEqual(
            new PackedTokensResult(Files: 3, Documents: 3, EmptyRows: 2, Tokens: 25, FillerTokens: 5), Save(texts, tokensPerFile: 10));
        using var tokens = new PackedTokens(new PackedFiles(_folder.Path, "train"), 25, Letters.VocabularySize, "");
        var ids = new long[25];
        tokens.CopyTo(0, ids);
        int end = Letters.EndOfSequenceId!.Value;
        CollectionAssert.AreEqual(new[] { "one", "two and three", "füñf" }.SelectMany(text => Letters.Encode(text).Append(end))
            .Select(id => (long)id).ToArray(), ids);
        CollectionAssert.AreEqual(new[] { ".train.tokens.json", "train_0000000000.bin", "train_0000000001.bin", "train_0000000002.bin" },
            Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal).ToArray());
    }

    [TestMethod]
    public void ManyDocumentsAreTokenizedInTheirOrder()
    {
        // More than one batch of documents, of very different lengths.
        string[] texts = [.. Enumerable.Range(0, 3000).Select(i => new string((char)('a' + i % 26), i % 10 == 0 ? 900 : 1 + i % 7))];
        var progress = new Collected<TrainingProgress>();
        PackedTokensResult result = _ml.MaskedDiffusion()
            .SavePackedTokens(View(texts), Letters, _folder.Path, new PackedTokensOptions { Progress = progress });
        int[] expected = [.. texts.SelectMany(text => Letters.Encode(text).Append(Letters.EndOfSequenceId!.Value))];
        Assert.AreEqual((1, 3000L, expected.Length), (result.Files, result.Documents, (int)result.Tokens));
        using var tokens = new PackedTokens(new PackedFiles(_folder.Path, "train"), expected.Length, Letters.VocabularySize, "");
        var ids = new long[expected.Length];
        tokens.CopyTo(0, ids);
        CollectionAssert.AreEqual(expected.Select(id => (long)id).ToArray(), ids);
        CollectionAssert.AreEqual(new[] { 1000L, 2000L, 3000L, 3000L }, progress.Reports.Where(r => r.Phase == TrainingPhase.Tokenizing)
            .Select(r => r.Documents).ToArray());
    }

    [TestMethod]
    public void TrainingOnPackedTokensIsTrainingOnTheirText()
    {
        string[] texts = Documents(20, Context);
        using LikelihoodScoringTransformer onText = new MaskedDiffusionTrainer(_ml, Small()).Fit(View(texts));
        Save(texts, tokensPerFile: 4 * Context);
        using LikelihoodScoringTransformer onTokens = new MaskedDiffusionTrainer(_ml, Small()).Fit(Load(o => o.BlockLength = Context));
        CollectionAssert.AreEqual(Saved(onText), Saved(onTokens));
        TrainingResult result = onTokens.TrainingResult!;
        Assert.AreEqual((20L * Context, 0L, 0L, 1.2), (result.CorpusTokens, result.RepeatedTokens, result.Documents, result.Epochs));
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void TheDefaultFileIsLargeAndItsFillerIsNotTrainedOn(bool isLengthKnown)
    {
        string[] texts = Documents(20, Context);
        using LikelihoodScoringTransformer onText = new MaskedDiffusionTrainer(_ml, Small()).Fit(View(texts));
        PackedTokensResult written = _ml.MaskedDiffusion().SavePackedTokens(View(texts), Letters, _folder.Path);
        Assert.IsGreaterThan(2_000_000, written.FillerTokens);
        if (!isLengthKnown)
            File.Delete(_folder.File(".train.tokens.json"));
        using LikelihoodScoringTransformer onTokens = new MaskedDiffusionTrainer(_ml, Small()).Fit(Load(o => o.BlockLength = Context));
        CollectionAssert.AreEqual(Saved(onText), Saved(onTokens));
        Assert.AreEqual(20L * Context, onTokens.TrainingResult!.CorpusTokens);
    }

    [TestMethod]
    public void ALengthThatDoesNotFitTheFilesIsRefused()
    {
        Save(Documents(20, Context), tokensPerFile: 4 * Context);
        File.Delete(_folder.File("train_0000000004.bin"));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(
            () => new MaskedDiffusionTrainer(_ml, Small()).Fit(Load(o => o.BlockLength = Context))).Message, "tells of 5 packed files");
        File.WriteAllText(_folder.File(".train.tokens.json"), "{");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(
            () => new MaskedDiffusionTrainer(_ml, Small()).Fit(Load(o => o.BlockLength = Context))).Message, "damaged");
    }

    [TestMethod]
    [DataRow("train", "train_more")]
    [DataRow("train_more", "train")]
    [DataRow("train", "train")]
    [DataRow("train_slim", "train_slim_a")]
    public void TwoPrefixesOfWhichOneBeginsWithTheOtherAreRefused(string first, string second)
    {
        Save(["one"], tokensPerFile: 10, first);
        File.Delete(_folder.File($".{first}.tokens.json"));
        string message = Assert.ThrowsExactly<IOException>(() => Save(["two"], tokensPerFile: 10, second)).Message;
        StringAssert.Contains(message, $"{first}_0000000000.bin");
        Save(["two"], tokensPerFile: 10, "other");
    }

    [TestMethod]
    public void FilesOfALongerPrefixAreNotReadWithOurs()
    {
        Save(["one"], tokensPerFile: 10);
        File.Copy(_folder.File("train_0000000000.bin"), _folder.File("train_more_0000000000.bin"));
        Assert.AreEqual(1, Load(_ => { }).FileCount);
        // Of files of the Python system nothing says which prefix they have, and it reads all.
        File.Delete(_folder.File(".train.tokens.json"));
        Assert.AreEqual(2, Load(_ => { }).FileCount);
    }

    [TestMethod]
    public void TheErrorAboutAddedFilesDoesNotAdviseToMixThem()
    {
        Save(Documents(20, Context), tokensPerFile: 4 * Context);
        File.Copy(_folder.File("train_0000000000.bin"), _folder.File("train_0000000009.bin"));
        string message = Assert.ThrowsExactly<InvalidDataException>(
            () => new MaskedDiffusionTrainer(_ml, Small()).Fit(Load(o => o.BlockLength = Context))).Message;
        StringAssert.Contains(message, "of another corpus");
    }

    [TestMethod]
    public void TheAutoregressiveTrainerTakesOneIdMoreOfEachBlock()
    {
        string[] texts = Documents(20, Context + 1);
        using LikelihoodScoringTransformer onText = new AutoregressiveTrainer(_ml, Small()).Fit(View(texts));
        Save(texts, tokensPerFile: 4 * (Context + 1));
        using LikelihoodScoringTransformer onTokens = new AutoregressiveTrainer(_ml, Small())
            .Fit(_ml.MaskedDiffusion().LoadPackedTokens(_folder.Path));
        CollectionAssert.AreEqual(Saved(onText), Saved(onTokens));
    }

    [TestMethod]
    public void ValidationTokensMeasureWhatAValidationSetDoes()
    {
        string[] texts = Documents(20, Context), held = Documents(7, Context);
        Save(texts, tokensPerFile: 4 * Context);
        Save(held, tokensPerFile: Context, "held");
        PackedCorpus train = Load(o => o.BlockLength = Context), measured = Load(o =>
        {
            o.Sources = [new PackedSource(_folder.Path, "held")];
            o.BlockLength = Context;
        });
        (bool OnText, bool ByText)[] ways = [(true, true), (true, false), (false, true), (false, false)];
        double[][] losses = [.. ways.Select(how =>
        {
            var trainer = new MaskedDiffusionTrainer(_ml, Small(o =>
            {
                o.ValidationSet = how.ByText ? View(held) : null;
                o.Validation.Tokens = how.ByText ? null : measured;
                (o.Validation.Interval, o.Validation.EarlyStoppingPatience) = (2, 5);
            }));
            using LikelihoodScoringTransformer trained = how.OnText ? trainer.Fit(View(texts)) : trainer.Fit(train);
            return trained.TrainingResult!.ValidationHistory.Select(point => point.Loss).ToArray();
        })];
        Assert.HasCount(3, losses[0]);
        foreach (double[] other in losses[1..])
            CollectionAssert.AreEqual(losses[0], other);
    }

    [TestMethod]
    [DataRow(PackedOrder.Shuffled)]
    [DataRow(PackedOrder.Published)]
    public void AStoppedRunGoesOnInTheMiddleOfAnEpoch(PackedOrder order)
    {
        Save(Documents(40, Context + 1), tokensPerFile: 4 * (Context + 1));
        PackedCorpus corpus = Load(o => (o.Order, o.FilesAtOnce) = (order, 3));
        using LikelihoodScoringTransformer whole = new MaskedDiffusionTrainer(_ml, Small()).Fit(corpus);
        using var source = new CancellationTokenSource();
        void Checkpointed(TrainerOptions o) =>
            (o.Checkpoints.Folder, o.Checkpoints.Interval, o.Checkpoints.Resume) = (_folder.File("run"), 1, true);
        var progress = new Collected<TrainingProgress>(report =>
        {
            if (report is { Step: 3, Phase: TrainingPhase.Training })
                source.Cancel();
        });
        var stopping = Small(o => (o.Progress, o.CancellationToken) = (progress, source.Token));
        Checkpointed(stopping);
        Assert.ThrowsExactly<OperationCanceledException>(() => new MaskedDiffusionTrainer(_ml, stopping).Fit(corpus));
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => new MaskedDiffusionTrainer(_ml, Small(Checkpointed))
            .Fit(Load(o => (o.Order, o.FilesAtOnce, o.BlockLength) = (order, 3, Context))));
        StringAssert.Contains(error.Message, "Training data");
        using LikelihoodScoringTransformer resumed = new MaskedDiffusionTrainer(_ml, Small(Checkpointed)).Fit(corpus);
        CollectionAssert.AreEqual(Saved(whole), Saved(resumed));
    }

    [TestMethod]
    public void TokensOfAnotherTokenizerAreRefused()
    {
        Save([new string('\u00FF', 30), "ab"], tokensPerFile: 8);
        PackedCorpus corpus = _ml.MaskedDiffusion().LoadPackedTokens(_folder.Path);
        var error = Assert.ThrowsExactly<InvalidOperationException>(
            () => new MaskedDiffusionTrainer(_ml, Small(o => o.Tokenizer = TokenizerSource.TrainBytePairEncoding(270))).Fit(corpus));
        StringAssert.Contains(error.Message, "TokenizerSource.FromFile");
        // As if made with a larger vocabulary.
        string path = _folder.File("train_0000000003.bin");
        byte[] bytes = File.ReadAllBytes(path);
        (bytes[30], bytes[31]) = (0x10, 0x27);
        File.WriteAllBytes(path, bytes);
        var damaged = Assert.ThrowsExactly<InvalidDataException>(
            () => new MaskedDiffusionTrainer(_ml, Small(o => o.Network = o.Network with { ContextLength = 4 })).Fit(corpus));
        StringAssert.Contains(damaged.Message, $"train_0000000003.bin, byte 30: token id 10000 is not in 0..{Letters.VocabularySize - 1}");
        // It is closed again.
        File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
    }

    [TestMethod]
    public void RowsOfTheirOwnAndBlocksDoNotMix()
    {
        Save(Documents(4, Context), tokensPerFile: Context);
        PackedCorpus corpus = Load(o => o.BlockLength = Context);
        static void Rows(TrainerOptions o) => o.Rows.PackDocuments = false;
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(
            () => new MaskedDiffusionTrainer(_ml, Small(Rows)).Fit(corpus)).Message, "Rows.PackDocuments");
        void Refused(string option, Action<TrainerOptions> change) =>
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(
                () => new MaskedDiffusionTrainer(_ml, Small(o => { Rows(o); change(o); }))).Message, option);
        Refused("Checkpoints.TokenFolder", o => o.Checkpoints.TokenFolder = _folder.Path);
        Refused("Validation.Tokens", o => o.Validation.Tokens = corpus);
    }

    [TestMethod]
    public void AModelGoesOnFromPackedTokensWithItsOwnTokenizer()
    {
        string[] texts = Documents(20, Context);
        Save(texts, tokensPerFile: 4 * Context);
        PackedCorpus corpus = Load(o => o.BlockLength = Context);
        using LikelihoodScoringTransformer first = new MaskedDiffusionTrainer(_ml, Small()).Fit(corpus);
        void GoOn(TrainerOptions o)
        {
            var defaults = new TrainerOptions();
            (o.InitialModel, o.Network, o.Tokenizer) = (first.Model, defaults.Network, defaults.Tokenizer);
        }
        using LikelihoodScoringTransformer onText = new MaskedDiffusionTrainer(_ml, Small(GoOn)).Fit(View(texts));
        using LikelihoodScoringTransformer onTokens = new MaskedDiffusionTrainer(_ml, Small(GoOn)).Fit(corpus);
        CollectionAssert.AreEqual(Saved(onText), Saved(onTokens));
        CollectionAssert.AreNotEqual(Saved(first), Saved(onTokens));
    }

    [TestMethod]
    public void NothingIsWrittenOverOrLeftInHalves()
    {
        Save(["one"], tokensPerFile: 10);
        byte[] before = File.ReadAllBytes(_folder.File("train_0000000000.bin"));
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => Save(["two"], tokensPerFile: 10)).Message, "train_0000000000.bin");
        CollectionAssert.AreEqual(before, File.ReadAllBytes(_folder.File("train_0000000000.bin")));

        using var source = new CancellationTokenSource();
        var progress = new Collected<TrainingProgress>(_ => source.Cancel());
        var options = new PackedTokensOptions { Prefix = "more", TokensPerFile = 10, Progress = progress };
        Assert.ThrowsExactly<OperationCanceledException>(
            () => _ml.MaskedDiffusion().SavePackedTokens(View(Documents(1500, 5)), Letters, _folder.Path, options, source.Token));
        Assert.ThrowsExactly<InvalidOperationException>(
            () => _ml.MaskedDiffusion().SavePackedTokens(View([" "]), Letters, _folder.Path, new PackedTokensOptions { Prefix = "empty" }));
        CollectionAssert.AreEqual(
            new[] { ".train.tokens.json", "train_0000000000.bin" },
            Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal).ToArray());
    }
}
