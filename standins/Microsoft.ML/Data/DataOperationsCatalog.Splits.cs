namespace Microsoft.ML;

public sealed partial class DataOperationsCatalog
{
    // What splits have always been seeded with where neither the call nor the context says.
    private const int DefaultSplitSeed = 42;

    /// <summary>
    /// Each row goes to the test set with this probability, else to the training set; both keep the order. Rows with the same value in the
    /// sampling key column go together.
    /// </summary>
    public TrainTestData TrainTestSplit(IDataView data, double testFraction = 0.1, string samplingKeyColumnName = null, int? seed = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (!(testFraction > 0 && testFraction < 1))
            throw new ArgumentOutOfRangeException(nameof(testFraction), testFraction, "Must be between 0 and 1 exclusive");
        return Split(data, samplingKeyColumnName, seed, 0, testFraction);
    }

    /// <summary>As many splits as folds: each row is in the test set of one of them, and in the training sets of the others.</summary>
    public IReadOnlyList<TrainTestData> CrossValidationSplit(IDataView data, int numberOfFolds = 5, string samplingKeyColumnName = null, int? seed = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (numberOfFolds <= 1)
            throw new ArgumentOutOfRangeException(nameof(numberOfFolds), numberOfFolds, "Must be more than 1");
        return Enumerable.Range(0, numberOfFolds).Select(fold =>
            Split(data, samplingKeyColumnName, seed, (double)fold / numberOfFolds, (double)(fold + 1) / numberOfFolds)).ToArray();
    }

    private TrainTestData Split(IDataView data, string samplingKeyColumnName, int? seed, double low, double high)
    {
        if (samplingKeyColumnName != null && data.Schema.GetColumnOrNull(samplingKeyColumnName) == null)
            throw SchemaErrors.Missing(nameof(samplingKeyColumnName), "SamplingKeyColumn", samplingKeyColumnName);
        var chosen = seed ?? (Environment as HostEnvironment)?.Seed ?? DefaultSplitSeed;
        return new TrainTestData(
            new SplitDataView(data, samplingKeyColumnName, chosen, low, high, outside: true),
            new SplitDataView(data, samplingKeyColumnName, chosen, low, high, outside: false));
    }
}
