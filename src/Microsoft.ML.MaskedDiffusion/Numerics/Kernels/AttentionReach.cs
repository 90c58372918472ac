using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>Which keys a position sees.</summary>
/// <param name="IsCausal">Whether it sees none after itself.</param>
/// <param name="Radius">How far it sees on either side; null for no limit.</param>
/// <param name="Blocks">The blocks of positions of which it sees its own and those before; null where positions are in no blocks.</param>
/// <param name="Mask">Says for each pair of positions whether the one sees the other, in place of the rules; null where they do.</param>
internal readonly record struct AttentionReach(
    bool IsCausal, int? Radius = null, AttentionBlocks? Blocks = null, AttentionMask? Mask = null)
{
    /// <summary>The first key that a position sees.</summary>
    public int First(long position) => Radius is { } radius ? (int)Math.Max(0, position - radius) : 0;

    /// <summary>The key after the last one that a position sees, of <paramref name="count"/> keys.</summary>
    public int End(long position, int count)
    {
        long end = Mask is not null ? Mask.End((int)position)
            : IsCausal ? position + 1
            : Blocks?.EndOf(position) ?? count;
        return (int)Math.Min(count, Radius is { } radius ? Math.Min(end, position + radius + 1) : end);
    }

    /// <summary>
    /// Makes minus infinity of the scores of keys that a position does not see, of those from <paramref name="start"/> up to but not
    /// <see cref="End"/>.
    /// </summary>
    public unsafe void Hide(float* scores, long position, int start, int end) =>
        Mask?.Hide(new Span<float>(scores, end - start), (int)position, start);

    /// <summary>
    /// Where positions that ascend from this one begin to read keys. Products add up their terms in blocks of
    /// <see cref="MatrixProduct.Depth"/> keys: to begin with a whole block leaves the same sums, whichever positions are computed together.
    /// </summary>
    public int Start(long position) => First(position) / MatrixProduct.Depth * MatrixProduct.Depth;
}
