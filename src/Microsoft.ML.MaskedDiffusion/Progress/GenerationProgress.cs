using Microsoft.ML.MaskedDiffusion.Progress;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How far the writing of texts has come. Immutable.</summary>
/// <param name="RowCount">Texts that are written.</param>
/// <param name="TotalRowCount">Texts in all.</param>
/// <param name="TokenCount">Tokens written so far.</param>
/// <param name="MaxTokenCount">The most tokens that all texts together can have.</param>
public sealed record GenerationProgress(long RowCount, long TotalRowCount, long TokenCount, long MaxTokenCount)
{
    /// <summary>The share of the texts that are written, 0 to 100; null where there are none.</summary>
    public double? Percent => Share.Percent(RowCount, TotalRowCount);
}
