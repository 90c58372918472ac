namespace Microsoft.ML.MaskedDiffusion;

/// <summary>A corpus's perplexity.</summary>
/// <param name="All">Figures of all documents together.</param>
/// <param name="Groups">
/// Figures of each group, ordered by its name (ordinal, so ISO dates come in time's order); empty where no document has a group.
/// </param>
/// <param name="EmptyCount">Documents without a token, which count in no figure.</param>
/// <param name="WindowedCount">Documents longer than the model's context, scored in windows.</param>
/// <param name="Stride">New tokens of each window after a document's first.</param>
/// <param name="Settings">The likelihood settings in words.</param>
public sealed record PerplexityResult(
    PerplexityFigures All, IReadOnlyList<PerplexityFigures> Groups, long EmptyCount, long WindowedCount, int Stride, string Settings)
{
    /// <summary>A line a group, and one for all.</summary>
    public override string ToString() => string.Join(Environment.NewLine, [.. Groups, All]);
}
