namespace Microsoft.ML.MaskedDiffusion.Text.Gaps;

/// <summary>How many tokens a gap may have, as its text says it.</summary>
/// <param name="Minimum">The fewest tokens.</param>
/// <param name="Maximum">The most tokens, less what <paramref name="Open"/> adds.</param>
/// <param name="Open">How many gaps without a maximum of their own are part of it: each adds what an option says.</param>
internal readonly record struct GapSize(long Minimum, long Maximum, int Open = 0)
{
    /// <summary>A gap that says nothing of its length.</summary>
    public static GapSize Unknown => new(1, 0, 1);

    /// <summary>A gap of so many tokens.</summary>
    public static GapSize Known(int tokens) => new(tokens, tokens);

    /// <summary>Two gaps with nothing between them.</summary>
    public static GapSize operator +(GapSize first, GapSize second) =>
        new(first.Minimum + second.Minimum, first.Maximum + second.Maximum, first.Open + second.Open);

    /// <summary>The most tokens.</summary>
    /// <param name="openLength">The most tokens of a gap that says nothing of its length.</param>
    public long Most(int openLength) => Maximum + (long)Open * openLength;
}
