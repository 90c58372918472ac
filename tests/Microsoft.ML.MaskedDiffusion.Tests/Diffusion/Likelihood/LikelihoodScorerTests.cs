using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The public scorer of texts: the bits of the transform, without data views.</summary>
[TestClass]
public sealed class LikelihoodScorerTests
{
    private sealed record Row(string Text, string Context);

    private const string LongText =
        "the river runs to the sea and the sea is wide and the cat sat on the mat by the door of the old house";

    private static readonly MaskedDiffusionModel Model = TinyModel.Create(), Autoregressive = TinyAutoregressiveModel.Create();

    private static readonly string[] Documents = ["the cat sat", "", "   ", LongText, "the cat sat", "Ünïcödé 漢字 🙂"];

    private static readonly Row[] Continuations =
        [new("on the mat", "the cat sat"), new("a bird", ""), new("", "one two"), new("the sea", LongText), new(LongText, LongText)];

    private readonly MLContext _ml = new(1);

    [ClassCleanup]
    public static void Free()
    {
        Model.Dispose();
        Autoregressive.Dispose();
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void DocumentsHaveTheBitsOfTheTransform(bool autoregressive)
    {
        MaskedDiffusionModel model = autoregressive ? Autoregressive : Model;
        var likelihood = new LikelihoodOptions { Samples = 8 };
        IDataView data = _ml.Data.LoadFromEnumerable(TextRow.Make(Documents));
        IDataView scored = _ml.MaskedDiffusion()
            .ScoreLikelihood(model, new LikelihoodScoringOptions { Likelihood = likelihood, Stride = 7 })
            .Fit(data).Transform(data);
        var scorer = new LikelihoodScorer(model, likelihood, stride: 7);
        Equal(scored, scorer.Score([.. Documents.Select(text => new ScoredText(text))]));
        Equal(scored, [.. Documents.Select(text => scorer.Score(text))]);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void ContinuationsHaveTheBitsOfTheTransform(bool autoregressive)
    {
        MaskedDiffusionModel model = autoregressive ? Autoregressive : Model;
        var options = new LikelihoodScoringOptions
        {
            ContextColumnName = "Context",
            Separator = ", ",
            ContextOverflow = ContextOverflow.KeepEnd,
            Likelihood = new LikelihoodOptions { Samples = 8 },
        };
        IDataView data = _ml.Data.LoadFromEnumerable(Continuations);
        IDataView scored = _ml.MaskedDiffusion().ScoreLikelihood(model, options).Fit(data).Transform(data);
        var scorer = new LikelihoodScorer(model, options.Likelihood, ", ", ContextOverflow.KeepEnd);
        Equal(scored, scorer.Score([.. Continuations.Select(row => new ScoredText(row.Text, row.Context))]));
        Equal(scored, [.. Continuations.Select(row => scorer.Score(row.Text, row.Context))]);
    }

    [TestMethod]
    [DataRow("ExactCount")]
    [DataRow("MonteCarlo")]
    public void TheErrorOfWindowsIsThatOfTheirSum(string method)
    {
        var options = new LikelihoodOptions { Method = LikelihoodMethod.FromName(method), Samples = 16 };
        int[] start = DocumentStart.Of(Model.Tokenizer), text = Model.Tokenizer.Encode(LongText);
        LikelihoodRequest[] windows = [.. TextWindows.Of(start, text, TinyModel.ContextLength, 7)];
        LikelihoodEstimate[] estimates = RequestScorer.For(Model.Network, options).Score(windows);
        Assert.IsGreaterThan(2, windows.Length);
        EstimateError sum = estimates.Aggregate(default(EstimateError), (error, window) => error + window.Error);
        TextLikelihood whole = new LikelihoodScorer(Model, options, stride: 7).Score(LongText);
        Assert.AreEqual(sum.StandardError, whole.StandardError);
        Assert.AreEqual(-estimates.Sum(window => window.LogLikelihood), whole.NegativeLogLikelihood, 1e-9);
    }

    /// <summary>Windows of a text that repeats itself are equal, get the same masks, and count by the square of their number.</summary>
    [TestMethod]
    [DataRow("ExactCount")]
    [DataRow("MonteCarlo")]
    public void TheErrorOfEqualWindowsIsThatOfCopies(string method)
    {
        const int Stride = 7, Repetitions = 60;
        var options = new LikelihoodOptions { Method = LikelihoodMethod.FromName(method), Samples = 16 };
        string word = "the sea ", text = string.Concat(Enumerable.Repeat(word, Repetitions));
        LikelihoodRequest[] windows =
            [.. TextWindows.Of(DocumentStart.Of(Model.Tokenizer), Model.Tokenizer.Encode(text), TinyModel.ContextLength, Stride)];
        LikelihoodEstimate[] estimates = RequestScorer.For(Model.Network, options).Score(windows);
        (EstimateError Error, int Count)[] unlike =
        [
            .. windows.Zip(estimates).GroupBy(pair => string.Join(' ', [.. pair.First.Context, -1, .. pair.First.Answer]))
                .Select(copies => (copies.First().Second.Error, copies.Count())),
        ];
        Assert.IsGreaterThan(2, unlike.Max(copies => copies.Count));
        EstimateError sum = unlike.Aggregate(default(EstimateError), (error, copies) => error + copies.Error.Times(copies.Count));
        TextLikelihood whole = new LikelihoodScorer(Model, options, stride: Stride).Score(text);
        // The parts are added in another order.
        Assert.AreEqual(sum.StandardError, whole.StandardError, 1e-9 * sum.StandardError);
        LikelihoodInterval interval = new LikelihoodScorer(Model, stride: Stride).Interval(text, orders: 8);
        MixtureBounds[] bounds = RequestScorer.For(Model.Network, new()).Bound(windows, 8);
        EstimateError lower = new RequestCopies().Add(windows, bounds.Select(window => window.LowerError));
        EstimateError upper = new RequestCopies().Add(windows, bounds.Select(window => window.UpperError));
        Assert.AreEqual(lower.StandardError, interval.LowerStandardError, 1e-9 * lower.StandardError);
        Assert.AreEqual(upper.StandardError, interval.UpperStandardError, 1e-9 * upper.StandardError);
        double independent = Math.Sqrt(bounds.Sum(window => window.LowerError.Variance));
        Assert.IsGreaterThan(1.2 * independent, interval.LowerStandardError);
    }

    [TestMethod]
    public void ManyThreadsMayUseOneScorer()
    {
        var scorer = new LikelihoodScorer(Model, new LikelihoodOptions { Samples = 8 });
        ScoredText[] texts = [.. Documents.Select(text => new ScoredText(text))];
        TextLikelihood[] expected = scorer.Score(texts);
        Assert.IsGreaterThan(0L, scorer.NetworkRows);
        Parallel.For(0, 4, _ => CollectionAssert.AreEqual(expected, scorer.Score(texts)));
        Assert.AreEqual(new TextLikelihood(0, 0, 0), expected[1], "an empty text is certain");
        Assert.AreEqual(0, scorer.Score([]).Length);
    }

    [TestMethod]
    public void CancellationIsHeardAndTheScorerServesOn()
    {
        var scorer = new LikelihoodScorer(Model, new LikelihoodOptions { Samples = 8 });
        Assert.ThrowsExactly<OperationCanceledException>(() =>
            scorer.Score("the cat", cancellationToken: new CancellationToken(canceled: true)));
        Assert.IsGreaterThan(0.0, scorer.Score("the cat").NegativeLogLikelihood);
    }

    [TestMethod]
    public void WhatDoesNotFitIsNamed()
    {
        var scorer = new LikelihoodScorer(Model);
        string message = Assert.ThrowsExactly<ArgumentException>(() => scorer.Score("the sea", LongText)).Message;
        StringAssert.Contains(message, "The context \"the river runs");
        StringAssert.Contains(message, "at most 24");
        StringAssert.Contains(message, "KeepEnd");
        Assert.ThrowsExactly<ArgumentNullException>(() => scorer.Score((string)null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => scorer.Score((IReadOnlyList<ScoredText>)null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => scorer.Score([new ScoredText(null!)]));
    }

    [TestMethod]
    public void EachInvalidValueIsNamed()
    {
        Assert.ThrowsExactly<ArgumentNullException>(() => new LikelihoodScorer(null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => new LikelihoodScorer(Model, separator: null!));
        StringAssert.Contains(Refused(() => new LikelihoodScorer(Model, stride: 0)), "stride is 0; it must be 1 to 23");
        StringAssert.Contains(Refused(() => new LikelihoodScorer(Model, stride: TinyModel.ContextLength)), "stride is 24");
        StringAssert.Contains(Refused(() => new LikelihoodScorer(Model, contextOverflow: ContextOverflow.Skip)), "contextOverflow is Skip");
        StringAssert.Contains(Refused(() => new LikelihoodScorer(Model, new LikelihoodOptions { Samples = 1 })), "Samples is 1");
        StringAssert.Contains(Refused(() => new LikelihoodScorer(Autoregressive, new LikelihoodOptions { GuidanceScale = 1 })),
            "autoregressive");
    }

    private static string Refused(Action action) => Assert.ThrowsExactly<ArgumentOutOfRangeException>(action).Message;

    private static void Equal(IDataView expected, TextLikelihood[] scores)
    {
        CollectionAssert.AreEqual(
            expected.GetColumn<float>("NegativeLogLikelihood").ToArray(),
            scores.Select(score => (float)score.NegativeLogLikelihood).ToArray());
        CollectionAssert.AreEqual(
            expected.GetColumn<float>("NegativeLogLikelihoodStandardError").ToArray(),
            scores.Select(score => (float)score.StandardError).ToArray());
        CollectionAssert.AreEqual(expected.GetColumn<int>("TokenCount").ToArray(), scores.Select(score => score.TokenCount).ToArray());
    }
}
