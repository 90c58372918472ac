namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How far one pass over the rows has come. Immutable.</summary>
/// <param name="RowCount">Rows of this pass that were computed, batch by batch.</param>
/// <param name="TotalRowCount">Rows in all, or null where the data cannot say without being read.</param>
public sealed record ScoringProgress(long RowCount, long? TotalRowCount)
{
    /// <summary>How much of the pass is done, 0 to 100; null where the number of rows is not known.</summary>
    public double? Percent => TotalRowCount is > 0 and { } total ? Math.Min(100, 100.0 * RowCount / total) : null;
}
