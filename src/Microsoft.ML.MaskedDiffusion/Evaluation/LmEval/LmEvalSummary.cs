namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What became of a file of requests.</summary>
/// <param name="RequestCount">Requests answered.</param>
/// <param name="ResumedCount">Those of them that an earlier, stopped run had answered.</param>
/// <param name="FlaggedCount">Requests that could not be scored; their answers carry an <c>error</c> in place of numbers.</param>
/// <param name="TruncatedCount">Requests scored with only the end of their context.</param>
public readonly record struct LmEvalSummary(int RequestCount, int ResumedCount, int FlaggedCount, int TruncatedCount);
