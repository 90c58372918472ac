using System.Globalization;
using System.Text;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Search;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What a search found. Disposing it disposes the best model.</summary>
public sealed class SearchResult : IDisposable
{
    private readonly TrainerOptions _bestOptions;

    internal SearchResult(
        LikelihoodScoringTransformer transformer, TrainerOptions bestOptions, SearchTrial best, IReadOnlyList<SearchTrial> trials,
        SearchMetric metric, bool isCancelled)
    {
        (Transformer, _bestOptions, Best, Trials) = (transformer, bestOptions, best, trials);
        (Metric, IsCancelled) = (metric, isCancelled);
    }

    /// <summary>The best model: that of the best metric at the highest rung that a trial has reached.</summary>
    public LikelihoodScoringTransformer Transformer { get; }

    /// <summary>The options that trained it, to train longer with; a new object each time.</summary>
    public TrainerOptions BestOptions => _bestOptions.Clone();

    /// <summary>The trial that it comes from.</summary>
    public SearchTrial Best { get; }

    /// <summary>All trials, in the order in which they began.</summary>
    public IReadOnlyList<SearchTrial> Trials { get; }

    /// <summary>All trials, the best first: by the rung that they reached, then by the metric, one without a finite metric last.</summary>
    public IReadOnlyList<SearchTrial> RankedTrials =>
    [
        .. Trials.OrderByDescending(trial => trial.Number == Best.Number).ThenByDescending(trial => trial.Last.Rung)
            .ThenBy(trial => trial.Last.Metric, Comparer<double>.Create(
                (a, b) => Metric.IsBetter(a, b) ? -1 : Metric.IsBetter(b, a) ? 1 : 0)),
    ];

    /// <summary>What they were compared by.</summary>
    public SearchMetric Metric { get; }

    /// <summary>Whether the search was cancelled before its end.</summary>
    public bool IsCancelled { get; }

    /// <summary>Writes a page without outside parts: the trials as parallel coordinates, their losses and a table.</summary>
    /// <param name="path">The HTML file, which is replaced.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void SaveReport(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        string page = SearchReport.Of(this);
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(page)));
    }

    /// <summary>A line for each trial, the best at the highest rung first.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (SearchTrial trial in RankedTrials)
        {
            SearchMeasurement last = trial.Last;
            string values = string.Join(", ", trial.Values.Select(value => $"{value.Key} {SearchDimension.Show(value.Value)}"));
            text.AppendLine(CultureInfo.InvariantCulture,
                $"trial {trial.Number}: {Metric.Name} {last.Metric:0.0000} after {last.Steps:N0} steps ({last.Share:P0}); {values}");
        }
        return text.ToString();
    }

    /// <summary>Disposes the best model.</summary>
    public void Dispose() => Transformer.Dispose();
}
