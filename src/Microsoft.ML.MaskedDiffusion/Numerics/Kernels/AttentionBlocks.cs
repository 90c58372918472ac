namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>Blocks of positions one after the other, of which a position sees its own and those before it.</summary>
internal readonly record struct AttentionBlocks
{
    /// <param name="size">Positions of a block, 1 or more.</param>
    /// <param name="start">A position with which a block begins. The first block of a row may be shorter.</param>
    public AttentionBlocks(int size, int start = 0)
    {
        Size = size;
        First = (start % size + size) % size;
    }

    /// <summary>Positions of a block.</summary>
    public int Size { get; }

    /// <summary>The first position with which a block begins, below <see cref="Size"/>. Those before it are a block of their own.</summary>
    public int First { get; }

    /// <summary>The blocks of a network's size; null where its attention has none.</summary>
    /// <param name="size">As of <see cref="TransformerConfig.AttentionBlockSize"/>.</param>
    /// <param name="start">A position with which a block begins.</param>
    public static AttentionBlocks? Of(int? size, int start) => size is { } positions ? new AttentionBlocks(positions, start) : null;

    /// <summary>The position after the last one of a position's block.</summary>
    public long EndOf(long position) => position < First ? First : First + ((position - First) / Size + 1) * Size;

    /// <summary>The first position of a position's block.</summary>
    public int StartOf(int position) => (int)Math.Max(0, EndOf(position) - Size);

    /// <summary>The same blocks in a row that has so many more positions before them.</summary>
    public AttentionBlocks ShiftedBy(int positions) => new(Size, First + positions);
}
