namespace Microsoft.ML.Data;

/// <summary>How well a classifier of several classes did on one set.</summary>
public sealed class MulticlassClassificationMetrics
{
    internal MulticlassClassificationMetrics(MulticlassCounters counters, int topKPredictionCount)
    {
        LogLoss = counters.LogLoss;
        LogLossReduction = counters.LogLossReduction;
        MacroAccuracy = counters.MacroAccuracy;
        MicroAccuracy = counters.MicroAccuracy;
        PerClassLogLoss = counters.PerClassLogLoss();
        ConfusionMatrix = new ConfusionMatrix(counters.Confusion);
        TopKPredictionCount = topKPredictionCount;
        TopKAccuracyForAllK = counters.TopKAccuracies();
        if (topKPredictionCount > 0) TopKAccuracy = TopKAccuracyForAllK[Math.Min(topKPredictionCount, counters.Classes) - 1];
    }

    /// <summary>Nats per row; the scores are taken for probabilities.</summary>
    public double LogLoss { get; }

    public double LogLossReduction { get; }

    /// <summary>The mean over the classes of the share of their rows that are right.</summary>
    public double MacroAccuracy { get; }

    /// <summary>The share of all rows that are right.</summary>
    public double MicroAccuracy { get; }

    /// <summary>The share of rows whose class is among the <see cref="TopKPredictionCount"/> best scored; 0 where that was not asked for.</summary>
    public double TopKAccuracy { get; }

    public int TopKPredictionCount { get; }

    public IReadOnlyList<double> TopKAccuracyForAllK { get; }

    public IReadOnlyList<double> PerClassLogLoss { get; }

    public ConfusionMatrix ConfusionMatrix { get; }
}
