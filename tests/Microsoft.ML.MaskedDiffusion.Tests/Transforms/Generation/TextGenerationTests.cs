using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class TextGenerationTests
{
    private static readonly MaskedDiffusionModel Model = TinyModel.Create(7);
    private static readonly TextRow[] Rows = [.. TextRow.Make("the cat", "", "a small ", "[MASK]", "one two", "the cat")];

    private readonly MLContext _ml = new(1);
    private readonly TemporaryFolder _folder = new();

    [ClassCleanup]
    public static void Free() => Model.Dispose();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    public void ARowIsWrittenTheSameInEveryBatchThreadEngineAndLoadedFile()
    {
        Written[] expected = Read(Transformer(Options(1)).Transform(View()));
        CollectionAssert.AreEqual(
            new TextGenerator(Model, Options(1).Generation).Generate([.. Rows.Select(row => row.Text)]).Select(text => text.Text).ToArray(),
            expected.Select(row => row.Completion).ToArray());
        foreach (int batchSize in new[] { 2, 64 })
            CollectionAssert.AreEqual(expected, Read(Transformer(Options(batchSize)).Transform(View())));
        TextGenerationTransformer transformer = Transformer(Options(4));
        Parallel.For(0, 3, _ =>
        {
            CollectionAssert.AreEqual(expected, Read(transformer.Transform(View())));
            using PredictionEngine<TextRow, Written> engine = new MLContext().Model.CreatePredictionEngine<TextRow, Written>(
                transformer, new PredictionEngineOptions { OwnsTransformer = false });
            CollectionAssert.AreEqual(expected, Rows.Select(engine.Predict).ToArray());
        });
        string path = _folder.File("writes.zip");
        _ml.Model.Save(transformer, View().Schema, path);
        CollectionAssert.AreEqual(expected, Read(new MLContext().Model.Load(path, out _).Transform(View())));
        var loaded = (TextGenerationTransformer)new MLContext().MaskedDiffusion().LoadModel(path, out _);
        using (loaded)
            CollectionAssert.AreEqual(expected, Read(loaded.Transform(View())));
    }

    [TestMethod]
    public void OptionsOfAllKindsAreSaved()
    {
        TextGenerationOptions options = Options(4);
        options.FinishReasonColumnName = null;
        options.Generation.StopStrings = ["e", "never"];
        options.Generation.EndOfTextPenalty = 1;
        options.Generation.Sampling = new SamplingOptions
        {
            Order = SamplingOrder.Entropy, TokensPerStep = TokensPerStep.EntropyBound(3.5), Remasking = Remasking.Revision(0.02),
            Temperature = 0.8, TopK = 40, TopP = 0.9, MinP = 0.001, RepetitionPenalty = 1.2, GuidanceScale = 0.5, GuidanceStart = 0.9,
            GuidanceEnd = 0.1, BlockLength = 6, SuppressedTokens = [5, 6], TokenBias = new Dictionary<int, double> { [70] = 1.5 },
        };
        TextGenerationTransformer transformer = Transformer(options);
        string[] expected = [.. transformer.Transform(View()).GetColumn<string>("Completion")];
        string path = _folder.File("writes.zip");
        _ml.Model.Save(transformer, View().Schema, path);
        IDataView loaded = new MLContext().Model.Load(path, out _).Transform(View());
        CollectionAssert.AreEqual(expected, loaded.GetColumn<string>("Completion").ToArray());
        Assert.IsNull(loaded.Schema.GetColumnOrNull("FinishReason"));
    }

    [TestMethod]
    public void ARuleOfOnesOwnWorksButIsNotSaved()
    {
        TextGenerationOptions options = Options(4);
        options.Generation.Sampling.Order = new FromTheEnd();
        TextGenerationTransformer transformer = Transformer(options);
        Assert.AreEqual(Rows.Length, Read(transformer.Transform(View())).Length);
        StringAssert.Contains(
            Assert.ThrowsExactly<NotSupportedException>(() => _ml.Model.Save(transformer, View().Schema, _folder.File("own.zip"))).Message,
            "FromTheEnd");
    }

    [TestMethod]
    public void TheEstimatorPromisesWhatTheTransformerGives()
    {
        TextGenerationEstimator estimator = _ml.MaskedDiffusion().Generate(Model, "Text");
        SchemaShape promised = estimator.GetOutputSchema(SchemaShapes.Of(View().Schema));
        SchemaShape given = SchemaShapes.Of(estimator.Fit(View()).GetOutputSchema(View().Schema));
        CollectionAssert.AreEqual(LikelihoodScoringTests.Describe(given), LikelihoodScoringTests.Describe(promised));
        CollectionAssert.AreEqual(
            new[]
            {
                "Number", "Text", "Completion", "LogProbability", "CompletionTokenCount", "StepCount", "NetworkRowCount", "FinishReason",
            },
            promised.Select(c => c.Name).ToArray());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.MaskedDiffusion().Generate(Model, "Missing").Fit(View()));
    }

    [TestMethod]
    public void APromptThatDoesNotFitIsNamedOrFlagged()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(TextRow.Make("the", string.Concat(Enumerable.Repeat("7", 30)), "a"));
        StringAssert.Contains(
            Unwrapped.Throws<ArgumentException>(() => Read(Transformer(Options(1)).Transform(data))).Message, "column 'Text'");
        TextGenerationOptions options = Options(4);
        options.Generation.InvalidRows = InvalidRows.Skip;
        Written[] rows = Read(Transformer(options).Transform(data));
        Assert.AreEqual(("", "InvalidPrompt"), (rows[1].Completion, rows[1].FinishReason));
        Assert.AreEqual(Read(Transformer(Options(1)).Transform(_ml.Data.LoadFromEnumerable(TextRow.Make("a"))))[0], rows[2]);
    }

    [TestMethod]
    public void WithoutASamplerTheOptionIsNamed()
    {
        using MaskedDiffusionModel model = TinyModel.Create();
        var options = new TextGenerationOptions { Generation = { Sampling = null! } };
        StringAssert.Contains(Unwrapped.Throws<ArgumentException>(() => new TextGenerationEstimator(model, options)).Message, "Sampling");
    }

    [TestMethod]
    public void OnlyWhatIsReadIsWritten()
    {
        var progress = new Collected<GenerationProgress>(_ => { });
        TextGenerationOptions options = Options(2);
        options.BatchProgress = progress;
        IDataView view = Transformer(options).Transform(View());
        Assert.AreEqual(Rows.Length, view.GetColumn<string>("Text").Count());
        Assert.IsEmpty(progress.Reports, "no column of the transform is read");
        Assert.AreEqual(Rows.Length, view.GetColumn<string>("Completion").Count());
        Assert.IsNotEmpty(progress.Reports);
        using var source = new CancellationTokenSource();
        options.CancellationToken = source.Token;
        IDataView cancelled = Transformer(options).Transform(View());
        source.Cancel();
        Unwrapped.Throws<OperationCanceledException>(() => cancelled.GetColumn<string>("Completion").Count());
    }

    private static TextGenerationOptions Options(int batchSize) => new()
    {
        PromptColumnName = "Text", BatchSize = batchSize,
        Generation = new GenerationOptions
        {
            MaxNewTokens = 8,
            Sampling = new() { Order = SamplingOrder.Random, Temperature = 1, Seed = 3 }
        },
    };

    private TextGenerationTransformer Transformer(TextGenerationOptions options) =>
        _ml.MaskedDiffusion().Generate(Model, options).Fit(View());

    private IDataView View() => _ml.Data.LoadFromEnumerable(Rows);

    private Written[] Read(IDataView view) => [.. _ml.Data.CreateEnumerable<Written>(view, reuseRowObject: false)];

    private sealed record Written
    {
        public string Completion { get; set; } = "";

        public float LogProbability { get; set; }

        public int CompletionTokenCount { get; set; }

        public int StepCount { get; set; }

        public int NetworkRowCount { get; set; }

        public string FinishReason { get; set; } = "";
    }

    [TestMethod]
    public void AnOrderWithoutAPriorityIsRefused()
    {
        using MaskedDiffusionModel model = TinyModel.Create();
        foreach (double temperature in new[] { 0.0, 1.0 })
        {
            var generator = new TextGenerator(
                model, new GenerationOptions { MaxNewTokens = 4, Sampling = { Order = new Undecided(), Temperature = temperature } });
            string message = Assert.ThrowsExactly<InvalidOperationException>(() => generator.Generate("the")).Message;
            StringAssert.Contains(message, "The order 'Undecided' gives position ");
        }
    }

    // Looks at predictions without saying so.
    private sealed class Undecided() : SamplingOrder("Undecided")
    {
        public override bool UsesPredictions => false;

        public override double Priority(in TokenPrediction prediction) => prediction.Probability;
    }

    private sealed class FromTheEnd() : SamplingOrder("FromTheEnd")
    {
        public override bool UsesPredictions => false;

        public override double Priority(in TokenPrediction prediction) => prediction.Position;
    }
}
