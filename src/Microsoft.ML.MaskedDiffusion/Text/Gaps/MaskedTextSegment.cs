
namespace Microsoft.ML.MaskedDiffusion.Text.Gaps;

/// <summary>A stretch of plain text, or a gap of <see cref="MaskCount"/> tokens (then without text).</summary>
internal readonly record struct MaskedTextSegment(string? Text, int MaskCount);
