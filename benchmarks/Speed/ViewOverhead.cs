using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Modeling;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Speed;

/// <summary>What it costs to score rows through a data view, over the scorer's own call on the same rows.</summary>
internal static class ViewOverhead
{
    private const int Rows = 32;

    /// <summary>Times of the raw call (as the plain code) and of the view, in turns.</summary>
    public static PairedTimes Measure(TransformerNetwork network, int rounds)
    {
        using var model = new MaskedDiffusionModel(network.Share(() => { }), BenchmarkTexts.TokenizerOf(network.Config.VocabularySize));
        var random = new Random(1);
        string Word() => "w" + random.Next(5, network.Config.VocabularySize);
        string Words(int count) => string.Join(' ', Enumerable.Range(0, count).Select(_ => Word()));
        ScoredText[] texts = [.. Enumerable.Range(0, Rows).Select(_ => new ScoredText(Words(16), Words(64)))];
        var likelihood = new LikelihoodOptions { Samples = 16 };
        var scorer = new LikelihoodScorer(model, likelihood);
        var ml = new MLContext(1);
        IDataView rows = ml.Data.LoadFromEnumerable(texts.Select(text => new Row { Text = text.Text, Context = text.Context! }));
        var options = new LikelihoodScoringOptions { ContextColumnName = "Context", Likelihood = likelihood, BatchSize = Rows };
        using LikelihoodScoringTransformer transformer = ml.MaskedDiffusion().ScoreLikelihood(model, options).Fit(rows);
        IDataView scored = transformer.Transform(rows);
        var times = new PairedTimes();
        float[] fromView = [];
        for (int round = -1; round < rounds; round++)
        {
            TextLikelihood[] raw = [];
            double alone = Timing.Seconds(network.Device, () => raw = scorer.Score(texts));
            double view = Timing.Seconds(network.Device, () => fromView = [.. scored.GetColumn<float>("NegativeLogLikelihood")]);
            if (!fromView.SequenceEqual(raw.Select(score => (float)score.NegativeLogLikelihood)))
                throw new InvalidOperationException("The view's figures are not those of the raw call.");
            if (round >= 0)
                times.Add(view, alone);
        }
        return times;
    }

    private sealed class Row
    {
        public string Text { get; set; } = "";

        public string Context { get; set; } = "";
    }
}
