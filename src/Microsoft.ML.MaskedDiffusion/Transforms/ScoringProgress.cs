namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How far one pass over the rows has come. Immutable.</summary>
/// <param name="RowCount">Rows of this pass that were computed, batch by batch.</param>
/// <param name="TotalRowCount">Rows in all, or null where the data cannot say without being read.</param>
public sealed record ScoringProgress(long RowCount, long? TotalRowCount);
