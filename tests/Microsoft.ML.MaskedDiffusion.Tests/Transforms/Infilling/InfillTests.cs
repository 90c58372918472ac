using Microsoft.ML.MaskedDiffusion.DataViews;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class InfillTests
{
    internal sealed class Filled
    {
        public int Number { get; set; }

        public string Text { get; set; } = "";
    }

    private static readonly MaskedDiffusionModel Model = TinyModel.Create(5);

    internal static readonly List<TextRow> Rows = TextRow.Make(
        "the [MASK] sat on the mat", "[MASK*5]", "a bird [MASK*2] the old [MASK]", "no gaps here", "", "[MASK] is wide", "漢字 [MASK] 🙂",
        @"plain \[MASK] text",
        "the [MASK] sat on the mat", "[MASK][MASK]");

    private readonly MLContext _ml = new(1);

    [ClassCleanup]
    public static void Free() => Model.Dispose();

    internal static InfillOptions Options(int batchSize = 4, double temperature = 1) =>
        new() { OutputColumnName = "Text", BatchSize = batchSize, Sampling = new SamplingOptions { Temperature = temperature, Seed = 11 } };

    private IDataView View() => _ml.Data.LoadFromEnumerable(Rows);

    internal static string[] Read(IDataView view) =>
        [.. new MLContext().Data.CreateEnumerable<Filled>(view, reuseRowObject: false).OrderBy(row => row.Number).Select(row => row.Text)];

    private string[] Fill(InfillOptions options, IDataView? view = null) =>
        Read(_ml.MaskedDiffusion().Infill(Model, options).Fit(view ?? View()).Transform(view ?? View()));

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(1.0)]
    public void ARowIsFilledTheSameInEveryBatchOrderThreadAndEngine(double temperature)
    {
        string[] expected = Fill(Options(1, temperature));
        foreach (int batchSize in new[] { 2, 64 })
            CollectionAssert.AreEqual(expected, Fill(Options(batchSize, temperature)));
        CollectionAssert.AreEqual(expected, Fill(Options(4, temperature), _ml.Data.ShuffleRows(View(), seed: 9)));
        InfillTransformer transformer = _ml.MaskedDiffusion().Infill(Model, Options(4, temperature)).Fit(View());
        Parallel.For(0, 4, _ =>
        {
            CollectionAssert.AreEqual(expected, Read(transformer.Transform(View())));
            using PredictionEngine<TextRow, Filled> engine = new MLContext().Model.CreatePredictionEngine<TextRow, Filled>(transformer);
            CollectionAssert.AreEqual(expected, Rows.Select(row => engine.Predict(row).Text).ToArray());
        });
        Assert.AreEqual(expected[0], expected[8], "equal texts are filled equally");
    }

    [TestMethod]
    public void VisibleTextIsKeptAndGapsAreGone()
    {
        string[] filled = Fill(Options());
        Assert.IsTrue(filled[0].StartsWith("the", StringComparison.Ordinal), filled[0]);
        Assert.IsTrue(filled[0].EndsWith(" sat on the mat", StringComparison.Ordinal), filled[0]);
        Assert.IsTrue(filled[2].StartsWith("a bird", StringComparison.Ordinal) && filled[2].Contains(" the old", StringComparison.Ordinal),
            filled[2]);
        Assert.IsTrue(filled[6].StartsWith("漢字", StringComparison.Ordinal) && filled[6].EndsWith(" 🙂", StringComparison.Ordinal),
            filled[6]);
        Assert.AreEqual("no gaps here", filled[3]);
        Assert.AreEqual("", filled[4]);
        Assert.AreEqual("plain [MASK] text", filled[7]);
        for (int i = 0; i < filled.Length; i++)
        {
            if (i != 7)
                Assert.DoesNotContain("[MASK", filled[i]);
        }
    }

    [TestMethod]
    public void TheEstimatorPromisesWhatTheTransformerGives()
    {
        InfillEstimator estimator = _ml.MaskedDiffusion().Infill(Model);
        SchemaShape promised = estimator.GetOutputSchema(SchemaShapes.Of(View().Schema)),
            given = SchemaShapes.Of(estimator.Fit(View()).GetOutputSchema(View().Schema));
        CollectionAssert.AreEqual(LikelihoodScoringTests.Describe(given), LikelihoodScoringTests.Describe(promised));
        CollectionAssert.AreEqual(new[] { "Number", "Text", "Filled" }, promised.Select(c => c.Name).ToArray());
    }

    [TestMethod]
    public void WhiteSpaceIsTextLikeAnyOther()
    {
        string[] filled = Fill(Options(), _ml.Data.LoadFromEnumerable(TextRow.Make(" \t\n", "  [MASK]  ")));
        Assert.AreEqual(" \t\n", filled[0]);
        Assert.IsTrue(filled[1].StartsWith("  ", StringComparison.Ordinal) && filled[1].EndsWith("  ", StringComparison.Ordinal),
            $"'{filled[1]}'");
    }

    [TestMethod]
    public void TextsThatCannotBeFilledAreNamed()
    {
        string message = Unwrapped.Throws<ArgumentException>(() =>
            Fill(Options(), _ml.Data.LoadFromEnumerable(TextRow.Make("the cat [MASK*40]")))).Message;
        StringAssert.Contains(message, "at most 24");
        StringAssert.Contains(message, "the cat");
        Unwrapped.Throws<FormatException>(() => Fill(Options(), _ml.Data.LoadFromEnumerable(TextRow.Make("the [MASK*0]"))));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() =>
            _ml.MaskedDiffusion().Infill(Model, "Nowhere").Fit(View())).Message, "input column 'Nowhere'");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() =>
            _ml.MaskedDiffusion().Infill(Model, "Number").Fit(View())).Message, "got Int32");
    }

    [TestMethod]
    public void ARowThatCannotBeFilledNeedNotEndTheRun()
    {
        InfillOptions options = Options();
        options.InvalidRows = InvalidRows.Skip;
        string[] texts = ["the cat [MASK*40]", "the [MASK] sat", "the [MASK*0]"];
        string[] filled = Fill(options, _ml.Data.LoadFromEnumerable(TextRow.Make(texts)));
        Assert.AreEqual(texts[0], filled[0]);
        Assert.DoesNotContain("[MASK", filled[1]);
        Assert.AreEqual(texts[2], filled[2]);
    }

    [TestMethod]
    public void EachInvalidOptionIsNamedWithItsValue()
    {
        void Refused(Action<InfillOptions> change, string expected)
        {
            var options = new InfillOptions();
            change(options);
            StringAssert.Contains(Unwrapped.Throws<ArgumentException>(() => new InfillEstimator(Model, options)).Message, expected);
        }
        Refused(o => o.InputColumnName = "", "InputColumnName");
        Refused(o => o.OutputColumnName = null!, "OutputColumnName");
        Refused(o => o.BatchSize = 0, "BatchSize is 0");
        Refused(o => o.Sampling = null!, "Sampling");
        Refused(o => o.Sampling.Steps = 0, "Steps is 0");
    }

    [TestMethod]
    public void CancellationIsHeard()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        InfillOptions options = Options();
        options.CancellationToken = source.Token;
        Assert.ThrowsExactly<OperationCanceledException>(() => Fill(options));
    }
}
