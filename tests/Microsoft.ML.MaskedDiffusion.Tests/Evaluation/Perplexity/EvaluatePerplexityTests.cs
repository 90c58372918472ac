using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Perplexity of a data view's text column, grouped by other columns.</summary>
[TestClass]
public sealed class EvaluatePerplexityTests
{
    private static readonly Row[] Rows =
    [
        new() { Text = "The cat sat.", Month = new DateTime(2024, 10, 1), Source = 2 },
        new() { Text = "Some one else came in, and went, and came again, and went.", Month = new DateTime(2024, 3, 1), Source = 1 },
        new() { Text = "A dog.", Month = new DateTime(2024, 3, 1), Source = 2 },
    ];

    private readonly MLContext _ml = new(seed: 1);

    private MaskedDiffusionModel _model = null!;

    [TestInitialize]
    public void CreateModel() => _model = TinyEvaluationModel.Create();

    [TestCleanup]
    public void DisposeModel() => _model.Dispose();

    [TestMethod]
    public void Figures_AreThoseOfTheEvaluator()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(Rows);
        PerplexityResult byMonth = _ml.MaskedDiffusion().EvaluatePerplexity(data, _model, groupColumnName: "Month");
        PerplexityResult expected = new PerplexityEvaluator(_model).Evaluate(
            [new(Rows[0].Text, "2024-10-01"), new(Rows[1].Text, "2024-03-01"), new(Rows[2].Text, "2024-03-01")]);
        Assert.AreEqual(expected.All, byMonth.All);
        CollectionAssert.AreEqual(expected.Groups.ToArray(), byMonth.Groups.ToArray());
        CollectionAssert.AreEqual(new[] { "2024-03-01", "2024-10-01" }, byMonth.Groups.Select(group => group.Group).ToArray());

        PerplexityResult bySource = _ml.MaskedDiffusion()
            .EvaluatePerplexity(data, _model, groupColumnName: "Source", options: new PerplexityOptions { DocumentsPerBatch = 1 });
        CollectionAssert.AreEqual(new[] { "1", "2" }, bySource.Groups.Select(group => group.Group).ToArray());
        Assert.AreEqual(byMonth.All, bySource.All);
        Assert.AreEqual(0, _ml.MaskedDiffusion().EvaluatePerplexity(data, _model).Groups.Count);
    }

    [TestMethod]
    public void Figures_AgreeWithTheScoringTransform()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(Rows);
        // The transform's own defaults: 128 samples.
        var options = new PerplexityOptions { Likelihood = new() };
        PerplexityResult result = _ml.MaskedDiffusion().EvaluatePerplexity(data, _model, options: options);
        using var scorer = (IDisposable)_ml.MaskedDiffusion().ScoreLikelihood(_model).Fit(data);
        float[] losses = [.. ((ITransformer)scorer).Transform(data).GetColumn<float>("NegativeLogLikelihood")];
        // The column is fp32.
        Assert.AreEqual(losses.Sum() / result.All.TokenCount, result.All.NegativeLogLikelihood.Value, 1e-5);
    }

    [TestMethod]
    public void WrongColumns_AreNamed()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(Rows);
        string Refused(string text, string? group) =>
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(
                () => _ml.MaskedDiffusion().EvaluatePerplexity(data, _model, text, group)).Message;
        StringAssert.Contains(Refused("Body", null), "'Body'");
        StringAssert.Contains(Refused("Source", null), "expected String");
        StringAssert.Contains(Refused("Text", "Year"), "group column 'Year'");
        StringAssert.Contains(Refused("Text", "Vector"), "group column 'Vector'");
    }

    private sealed class Row
    {
        public string Text { get; set; } = "";

        public DateTime Month { get; set; }

        public int Source { get; set; }

        [VectorType(2)]
        public float[] Vector { get; set; } = [1, 2];
    }
}
