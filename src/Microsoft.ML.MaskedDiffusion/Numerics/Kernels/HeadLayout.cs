namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>
/// The heads of an attention layer: consecutive query heads, as many in every group, share the key and the value of their group. In the
/// fused projection, [rows, <see cref="ProjectionWidth"/>], each group has its queries, its key and its value, one after the other. Apart
/// from each other, queries (and what attention mixed for them) are [rows, <see cref="QueryWidth"/>], and keys and values are [rows,
/// <see cref="KeyValueWidth"/>], each key followed by its value.
/// </summary>
/// <param name="Heads">Query heads.</param>
/// <param name="Groups">Groups, a divisor of <paramref name="Heads"/>.</param>
/// <param name="Size">Floats of a head.</param>
internal readonly record struct HeadLayout(int Heads, int Groups, int Size)
{
    /// <summary>Query heads of a group.</summary>
    public int Share => Heads / Groups;

    /// <summary>Floats of a row of the fused projection.</summary>
    public int ProjectionWidth => (Heads + 2 * Groups) * Size;

    /// <summary>Floats of a row of queries.</summary>
    public int QueryWidth => Heads * Size;

    /// <summary>Floats of a row of keys and values.</summary>
    public int KeyValueWidth => 2 * Groups * Size;

    /// <summary>Where the first key is in a row of the fused projection.</summary>
    public int KeyOffset => Share * Size;

    /// <summary>The queries in the fused projection.</summary>
    public HeadRows FusedQueries => new(Groups, Share, Size, (Share + 2) * Size);

    /// <summary>The queries and keys in the fused projection.</summary>
    public HeadRows FusedQueriesAndKeys => FusedQueries with { PerGroup = Share + 1 };

    /// <summary>The keys in the fused projection, from the first one on.</summary>
    public HeadRows FusedKeys => FusedQueries with { PerGroup = 1 };

    /// <summary>The queries alone.</summary>
    public HeadRows Queries => new(Groups, Share, Size, Share * Size);

    /// <summary>The keys among keys and values.</summary>
    public HeadRows Keys => new(Groups, 1, Size, 2 * Size);
}

/// <summary>Some of the heads in rows of floats: in each group some that follow each other.</summary>
/// <param name="Groups">Groups of a row.</param>
/// <param name="PerGroup">Heads of a group.</param>
/// <param name="Size">Floats of a head.</param>
/// <param name="GroupStride">Floats from a group's first head to the next group's.</param>
internal readonly record struct HeadRows(int Groups, int PerGroup, int Size, int GroupStride)
{
    /// <summary>Heads of a row.</summary>
    public int Count => Groups * PerGroup;

    /// <summary>Floats from row to row.</summary>
    public int RowStride => Groups * GroupStride;

    /// <summary>Where a head begins in its row.</summary>
    public int Offset(int head) => head / PerGroup * GroupStride + head % PerGroup * Size;
}
