namespace Microsoft.ML.MaskedDiffusion.Text.Gaps;

/// <summary>A piece of plain text, or a gap, whose <see cref="Text"/> is null.</summary>
internal readonly record struct MaskedTextSegment(string? Text, GapSize Size)
{
    /// <summary>A piece of plain text.</summary>
    public static MaskedTextSegment Plain(string text) => new(text, default);
}
