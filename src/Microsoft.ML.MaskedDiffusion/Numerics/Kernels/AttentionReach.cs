using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>Which keys a position sees.</summary>
/// <param name="IsCausal">Whether it sees none after itself.</param>
/// <param name="Radius">How far it sees on either side; null for no limit.</param>
/// <param name="BlockSize">
/// The size of the blocks of positions of which it sees its own and those before; null where positions are in no blocks.
/// </param>
/// <param name="BlockStart">The position with which a block begins, from which the others follow. Before it, one may be shorter.</param>
/// <param name="Mask">Says for each pair of positions whether the one sees the other, in place of the rules; null where they do.</param>
internal readonly record struct AttentionReach(
    bool IsCausal, int? Radius = null, int? BlockSize = null, int BlockStart = 0, AttentionMask? Mask = null)
{
    /// <summary>The first key that a position sees.</summary>
    public int First(long position) => Radius is { } radius ? (int)Math.Max(0, position - radius) : 0;

    /// <summary>The key after the last one that a position sees, of <paramref name="count"/> keys.</summary>
    public int End(long position, int count)
    {
        long end = Mask is not null ? Mask.End((int)position)
            : IsCausal ? position + 1
            : BlockSize is { } size ? EndOfBlock(position, size)
            : count;
        return (int)Math.Min(count, Radius is { } radius ? Math.Min(end, position + radius + 1) : end);
    }

    /// <summary>
    /// Makes minus infinity of the scores of keys that a position does not see, of those from <paramref name="start"/> up to but not
    /// <see cref="End"/>.
    /// </summary>
    public unsafe void Hide(float* scores, long position, int start, int end) =>
        Mask?.Hide(new Span<float>(scores, end - start), (int)position, start);

    /// <summary>The position after the last one of a position's block, of blocks of a size.</summary>
    public long EndOfBlock(long position, int size)
    {
        int first = BlockStart % size;
        return position < first ? first : first + ((position - first) / size + 1) * size;
    }

    /// <summary>The first position of a position's block, of blocks of a size.</summary>
    public int StartOfBlock(int position, int size) => (int)Math.Max(0, EndOfBlock(position, size) - size);

    /// <summary>
    /// Where positions that ascend from this one begin to read keys. Products add up their terms in blocks of
    /// <see cref="MatrixProduct.Depth"/> keys: to begin with a whole block leaves the same sums, whichever positions are computed together.
    /// </summary>
    public int Start(long position) => First(position) / MatrixProduct.Depth * MatrixProduct.Depth;
}
