
namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Perplexity and bits per byte against plain formulas, windows, groups.</summary>
[TestClass]
public sealed class PerplexityEvaluatorTests
{
    private static readonly PerplexityDocument[] Corpus =
        [new("abc", "2024-03"), new("de", "2024-01"), new("éf!g", "2024-03"), new("", "2024-02"), new("hijklm")];

    [TestMethod]
    public void Figures_AgreeWithPlainFormulas()
    {
        PerplexityResult result = new PerplexityEvaluator(Scorer(), new PerplexityOptions { DocumentsPerBatch = 2 }).Evaluate(Corpus);
        string[] texts = [.. Corpus.Select(document => document.Text).Where(text => text.Length > 0)];
        double[] losses = [.. texts.Select(Loss)], bytes = [.. texts.Select(text => (double)System.Text.Encoding.UTF8.GetByteCount(text))];
        // Tokens are bytes, so both ratios have one denominator.
        double ratio = losses.Sum() / bytes.Sum(), squares = 0;
        for (int i = 0; i < 4; i++)
            squares += Math.Pow(losses[i] - ratio * bytes[i], 2);
        double error = Math.Sqrt(squares / 3 * 4) / bytes.Sum(), noise = Math.Sqrt(4 * 0.01) / bytes.Sum();
        PerplexityFigures all = result.All;
        Assert.AreEqual((4L, (long)bytes.Sum(), (long)bytes.Sum()), (all.DocumentCount, all.TokenCount, all.ByteCount));
        AreClose(new EvaluationMetric(ratio, error, noise), all.NegativeLogLikelihood);
        AreClose(new EvaluationMetric(Math.Exp(ratio), Math.Exp(ratio) * error, Math.Exp(ratio) * noise), all.Perplexity);
        AreClose(new EvaluationMetric(ratio / Math.Log(2), error / Math.Log(2), noise / Math.Log(2)), all.BitsPerByte);
        Assert.AreEqual(1, result.EmptyCount);
        Assert.AreEqual(0, result.WindowedCount);
        StringAssert.Contains(result.ToString(), "bits per byte");
    }

    [TestMethod]
    public void Groups_AreOrderedAndSeparate()
    {
        PerplexityResult result = new PerplexityEvaluator(Scorer(), null).Evaluate(Corpus);
        CollectionAssert.AreEqual(new[] { "2024-01", "2024-03" }, result.Groups.Select(group => group.Group).ToArray());
        Assert.AreEqual(Loss("de") / 2, result.Groups[0].NegativeLogLikelihood.Value, 1e-12);
        Assert.IsTrue(double.IsNaN(result.Groups[0].Perplexity.StandardError));
        Assert.AreEqual((Loss("abc") + Loss("éf!g")) / 8, result.Groups[1].NegativeLogLikelihood.Value, 1e-12);
    }

    /// <summary>Equal documents get the same masks, so their noise does not cancel out, whatever the batches.</summary>
    [TestMethod]
    [DataRow(1)]
    [DataRow(100)]
    public void CopiesOfADocument_HaveOneNoise(int documentsPerBatch)
    {
        PerplexityDocument[] corpus = [new("abc", "a"), new("de", "a"), new("abc", "b"), new("abc", "a")];
        PerplexityResult result =
            new PerplexityEvaluator(Scorer(), new PerplexityOptions { DocumentsPerBatch = documentsPerBatch }).Evaluate(corpus);
        // 3² + 1² times the variance of one over 11 tokens; in the groups 2² + 1² over 8, and 1 over 3.
        Assert.AreEqual(Math.Sqrt(10 * 0.01) / 11, result.All.NegativeLogLikelihood.NoiseStandardError, 1e-12);
        Assert.AreEqual(Math.Sqrt(5 * 0.01) / 8, result.Groups[0].NegativeLogLikelihood.NoiseStandardError, 1e-12);
        Assert.AreEqual(0.1 / 3, result.Groups[1].NegativeLogLikelihood.NoiseStandardError, 1e-12);
    }

    [TestMethod]
    [DataRow(1, "abcdefg,h,i,j", 8)]
    [DataRow(3, "abcdefg,hij", 8)]
    [DataRow(2, "abcdefg,hi,j", 8)]
    [DataRow(8, "abcdefg,hij", 8)]
    [DataRow(4, "abcdefghij", 11)]
    public void LongDocuments_AreScoredInWindowsEachTokenOnce(int stride, string answers, int contextLength)
    {
        FakeScorer scorer = Scorer(contextLength);
        PerplexityResult result = new PerplexityEvaluator(scorer, new PerplexityOptions { Stride = stride }).Evaluate([new("abcdefghij")]);
        Assert.AreEqual(answers, string.Join(',', scorer.Requests.Select(request => scorer.Tokenizer.Decode(request.Answer))));
        Assert.AreEqual(scorer.Tokenizer.EndOfSequenceId, scorer.Requests[0].Context.Single());
        // Every later window is as long as the context, its context what stands before in the text.
        foreach (var window in scorer.Requests.Skip(1))
        {
            string context = scorer.Tokenizer.Decode(window.Context), answer = scorer.Tokenizer.Decode(window.Answer);
            Assert.AreEqual(contextLength, window.Context.Length + window.Answer.Length);
            StringAssert.Contains("abcdefghij", context + answer);
        }
        Assert.AreEqual(scorer.Requests.Count > 1 ? 1 : 0, result.WindowedCount);
        Assert.AreEqual(10, result.All.TokenCount);
    }

    [TestMethod]
    public void BadOptionsAndEmptyCorpora_AreRefused()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new PerplexityEvaluator(Scorer(8), new PerplexityOptions { Stride = 9 }));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new PerplexityEvaluator(Scorer(8), new PerplexityOptions { Stride = 0 }));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => new PerplexityEvaluator(Scorer(8), new PerplexityOptions { DocumentsPerBatch = 0 }));
        Assert.ThrowsExactly<ArgumentException>(() => new PerplexityEvaluator(Scorer(), null).Evaluate([new("")]));
        Assert.ThrowsExactly<ArgumentException>(() => new PerplexityEvaluator(Scorer(), null).Evaluate([]));
    }

    [TestMethod]
    public void ProgressIsToldAndCancellationHeard()
    {
        using var stop = new CancellationTokenSource();
        List<ScoringProgress> told = [];
        var progress = new Collected<ScoringProgress>(done =>
        {
            told.Add(done);
            if (done.RowCount == 4)
                stop.Cancel();
        });
        var options = new PerplexityOptions { DocumentsPerBatch = 2, Progress = progress };
        Assert.ThrowsExactly<OperationCanceledException>(() => new PerplexityEvaluator(Scorer(), options).Evaluate(Corpus, stop.Token));
        CollectionAssert.AreEqual(new long[] { 2, 4 }, told.Select(report => report.RowCount).ToArray());
        new PerplexityEvaluator(Scorer(), options).Evaluate(Corpus);
        CollectionAssert.AreEqual(new long[] { 2, 4, 2, 4, 5 }, told.Select(report => report.RowCount).ToArray());
        Assert.AreEqual(100.0, told[^1].Percent, "the corpus says how many documents it has");
    }

    private static FakeScorer Scorer(int contextLength = 1000) => new((_, answer) => (-Loss(answer), 0.1), contextLength);

    private static double Loss(string text) => text.Sum(character => 1 + character % 7 / 3.0);

    private static void AreClose(EvaluationMetric expected, EvaluationMetric actual)
    {
        // Sums of squares in another order: a few units in the last place.
        Assert.AreEqual(expected.Value, actual.Value, 1e-12);
        Assert.AreEqual(expected.StandardError, actual.StandardError, 1e-9);
        Assert.AreEqual(expected.NoiseStandardError, actual.NoiseStandardError, 1e-12);
    }
}
