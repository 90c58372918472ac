namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What <see cref="MaskedDiffusionCatalog.ScoreFile"/> did. Immutable.</summary>
/// <param name="RowCount">Rows in the output, with those of earlier calls that it went on from.</param>
/// <param name="RejectedRowCount">Rows that could not be read or scored.</param>
/// <param name="OutputPath">The file with the results.</param>
/// <param name="RejectedPath">The file with the rejected rows; null where there are none.</param>
/// <param name="Seconds">Seconds that this call took.</param>
public sealed record BatchScoringResult(long RowCount, long RejectedRowCount, string OutputPath, string? RejectedPath, double Seconds);
