using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Intervals of texts, and samplers as the method of transforms, perplexities and saved files.</summary>
[TestClass]
public sealed class LikelihoodIntervalTests
{
    private const string LongText =
        "the river runs to the sea and the sea is wide and the cat sat on the mat by the door of the old house";

    private static readonly MaskedDiffusionModel Model = TinyModel.Create(), Autoregressive = TinyAutoregressiveModel.Create();

    private readonly MLContext _ml = new(1);

    [ClassCleanup]
    public static void Free()
    {
        Model.Dispose();
        Autoregressive.Dispose();
    }

    [TestMethod]
    public void AnIntervalOfWindowsIsTheirSum()
    {
        var scorer = new LikelihoodScorer(Model, stride: 7);
        int[] start = DocumentStart.Of(Model.Tokenizer), text = Model.Tokenizer.Encode(LongText);
        LikelihoodRequest[] windows = [.. TextWindows.Of(start, text, TinyModel.ContextLength, 7)];
        MixtureBounds[] parts = RequestScorer.For(Model.Network, new()).Bound(windows, 8);
        Assert.IsGreaterThan(2, windows.Length);
        LikelihoodInterval[] intervals = scorer.Interval([new(LongText), new(""), new("the sea", "the cat")], orders: 8);
        Assert.AreEqual(parts.Sum(part => part.Lower), intervals[0].Lower, 1e-9);
        Assert.AreEqual(parts.Sum(part => part.Upper), intervals[0].Upper, 1e-9);
        Assert.AreEqual(text.Length, intervals[0].TokenCount);
        Assert.IsTrue(intervals[0].LowerStandardError > 0 && intervals[0].UpperStandardError > 0);
        Assert.AreEqual(new LikelihoodInterval(0, 0, 0, 0, 0), intervals[1], "an empty text is certain");
        Assert.AreEqual(scorer.Interval("the sea", "the cat", orders: 8), intervals[2]);
    }

    [TestMethod]
    public void TheLowerSideIsTheScore()
    {
        // Few tokens are exact in both.
        var scorer = new LikelihoodScorer(Model);
        TextLikelihood score = scorer.Score("cat", "the");
        LikelihoodInterval interval = scorer.Interval("cat", "the");
        Assert.AreEqual(0, score.StandardError);
        Assert.AreEqual(-score.NegativeLogLikelihood, interval.Lower, 1e-5);
        Assert.AreEqual((0.0, 0.0, score.TokenCount), (interval.LowerStandardError, interval.UpperStandardError, interval.TokenCount));
        Assert.IsTrue(interval.Lower <= interval.Upper + 1e-6);
    }

    [TestMethod]
    public void AnAutoregressiveLikelihoodIsItsOwnInterval()
    {
        var scorer = new LikelihoodScorer(Autoregressive);
        TextLikelihood score = scorer.Score("the sea", "the cat");
        Assert.AreEqual(
            new LikelihoodInterval(-score.NegativeLogLikelihood, 0, -score.NegativeLogLikelihood, 0, score.TokenCount),
            scorer.Interval("the sea", "the cat"));
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(6)]
    [DataRow(9)]
    [DataRow(65538)]
    public void OrdersOutOfRangeAreNamed(int orders) => StringAssert.Contains(
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new LikelihoodScorer(Model).Interval("the", orders: orders)).Message,
        $"orders is {orders}; it must be an even number from 8 to 65536");

    [TestMethod]
    public void WhatIsNotThereOrIsCancelledIsRefused()
    {
        var scorer = new LikelihoodScorer(Model);
        Assert.ThrowsExactly<ArgumentNullException>(() => scorer.Interval((string)null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => scorer.Interval((IReadOnlyList<ScoredText>)null!));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => scorer.Interval("the sea", LongText)).Message, "at most 24");
        Assert.ThrowsExactly<OperationCanceledException>(
            () => scorer.Interval("the", cancellationToken: new CancellationToken(canceled: true)));
    }

    [TestMethod]
    public void PerplexityTakesTheSamplersDistribution()
    {
        PerplexityDocument[] corpus = [new(LongText), new("the cat sat"), new("")];
        PerplexityResult Evaluate(LikelihoodMethod method) =>
            new PerplexityEvaluator(Model, new() { Likelihood = new() { Method = method }, Stride = 7 }).Evaluate(corpus);
        PerplexityResult own = Evaluate(LikelihoodMethod.Sampler(SamplingOrder.LeftToRight)), chain = Evaluate(LikelihoodMethod.ChainRule);
        Assert.AreEqual(chain.All.Perplexity.Value, own.All.Perplexity.Value, 1e-3 * chain.All.Perplexity.Value);
        Assert.AreEqual(0, own.All.Perplexity.NoiseStandardError);
        Assert.AreEqual(1, own.WindowedCount);
        Assert.AreEqual("Sampler(LeftToRight)", own.Settings);
        PerplexityResult fast = Evaluate(LikelihoodMethod.Sampler(SamplingOrder.Margin, steps: 2));
        Assert.AreNotEqual(own.All.Perplexity.Value, fast.All.Perplexity.Value);
    }

    [TestMethod]
    public void ASavedTransformKeepsItsSampler()
    {
        LikelihoodMethod method = LikelihoodMethod.Sampler(SamplingOrder.Entropy, TokensPerStep.Fixed(2), blockLength: 4);
        LikelihoodRow[] expected = Read(method, out ITransformer transformer, out IDataView data);
        using var stream = new MemoryStream();
        _ml.Model.Save(transformer, data.Schema, stream);
        stream.Position = 0;
        CollectionAssert.AreEqual(expected, LikelihoodRow.Read(_ml, new MLContext().Model.Load(stream, out _).Transform(data)));
        LikelihoodRow[] others = Read(LikelihoodMethod.Sampler(SamplingOrder.Entropy, TokensPerStep.Fixed(2)), out _, out _);
        Assert.IsFalse(expected.SequenceEqual(others));
    }

    [TestMethod]
    public void AnOrderUnderAForeignNameIsNotSaved()
    {
        Read(LikelihoodMethod.Sampler(new Impostor()), out ITransformer transformer, out IDataView data);
        string message = Unwrapped.Throws<NotSupportedException>(
            () => _ml.Model.Save(transformer, data.Schema, new MemoryStream())).Message;
        StringAssert.Contains(message, "Sampler(Margin)");
        StringAssert.Contains(message, "of your own");
    }

    private LikelihoodRow[] Read(LikelihoodMethod method, out ITransformer transformer, out IDataView data)
    {
        data = _ml.Data.LoadFromEnumerable(TextRow.Make("the cat sat on the mat", "", LongText));
        transformer = _ml.MaskedDiffusion()
            .ScoreLikelihood(Model, new LikelihoodScoringOptions { Likelihood = { Method = method }, Stride = 7 }).Fit(data);
        return LikelihoodRow.Read(_ml, transformer.Transform(data));
    }

    private sealed class Impostor() : SamplingOrder("Margin")
    {
        public override double Priority(in TokenPrediction prediction) => prediction.Entropy;
    }
}
