namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How far the scoring of a file is. Immutable.</summary>
/// <param name="RowCount">Rows done, with those of earlier calls and with rejected ones.</param>
/// <param name="RejectedRowCount">Rows that could not be read or scored.</param>
/// <param name="Percent">How much of the rows' bytes (in Parquet, of the rows) is done, 0 to 100.</param>
/// <param name="RowsPerSecond">Rows done in a second of this call; 0 before the first.</param>
/// <param name="Remaining">The time that the rest would take at this speed; null before it is known.</param>
public sealed record BatchScoringProgress(
    long RowCount, long RejectedRowCount, double Percent, double RowsPerSecond, TimeSpan? Remaining);
