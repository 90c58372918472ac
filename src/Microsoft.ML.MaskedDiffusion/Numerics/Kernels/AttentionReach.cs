using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>Which keys a position sees.</summary>
/// <param name="IsCausal">Whether it sees none after itself.</param>
/// <param name="Radius">How far it sees on either side; null for no limit.</param>
internal readonly record struct AttentionReach(bool IsCausal, int? Radius = null)
{
    /// <summary>The first key that a position sees.</summary>
    public int First(long position) => Radius is { } radius ? (int)Math.Max(0, position - radius) : 0;

    /// <summary>The key after the last one that a position sees, of <paramref name="count"/> keys.</summary>
    public int End(long position, int count)
    {
        long end = IsCausal ? position + 1 : count;
        return (int)(Radius is { } radius ? Math.Min(end, position + radius + 1) : end);
    }

    /// <summary>
    /// Where positions that ascend from this one begin to read keys. Products add up their terms in blocks of
    /// <see cref="MatrixProduct.Depth"/> keys: to begin with a whole block leaves the same sums, whichever positions are computed together.
    /// </summary>
    public int Start(long position) => First(position) / MatrixProduct.Depth * MatrixProduct.Depth;
}
