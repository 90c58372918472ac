using Microsoft.ML.MaskedDiffusion.Progress;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How far a pass over rows, documents or requests has come. Immutable.</summary>
/// <param name="RowCount">Rows done so far, batch by batch.</param>
/// <param name="TotalRowCount">Rows in all, or null where the data cannot say without being read.</param>
public sealed record ScoringProgress(long RowCount, long? TotalRowCount)
{
    /// <summary>How much of the pass is done, 0 to 100; null where the number of rows is not known.</summary>
    public double? Percent => Share.Percent(RowCount, TotalRowCount);
}
