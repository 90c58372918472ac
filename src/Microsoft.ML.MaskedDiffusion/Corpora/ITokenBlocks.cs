namespace Microsoft.ML.MaskedDiffusion.Corpora;

/// <summary>
/// Token blocks of one fixed length, read by index: what the loop trains on, wherever they are kept. Packed text fills them; rows of their
/// own say how far they go.
/// </summary>
internal interface ITokenBlocks
{
    /// <summary>Number of blocks, at least 1.</summary>
    int Count { get; }

    /// <summary>Token ids in each block.</summary>
    int Length { get; }

    /// <summary>Token ids of the corpus the blocks were cut from.</summary>
    long TokenCount { get; }

    /// <summary>What tells these blocks from others without reading them; null where they have to be read for that.</summary>
    string? Identity => null;

    /// <summary>The order training shows them in.</summary>
    IBlockOrder Order(ulong seed) => new BlockOrder(Count, seed);

    /// <summary>Copies block <paramref name="index"/> into <paramref name="destination"/>, <see cref="Length"/> ids.</summary>
    void Read(int index, Span<long> destination);

    /// <summary>What the ids of block <paramref name="index"/> are; in packed text all are learned.</summary>
    RowExtent Extent(int index) => new(0, Length);

    /// <summary>
    /// Whether the rows of a micro batch are filled up to the longest of them with ids that are learned, as <see cref="Read"/> gives them
    /// behind a row's end.
    /// </summary>
    bool PadsToLongest => false;

    /// <summary>Ids that stand in more blocks than one, to fill up the last.</summary>
    long RepeatedTokenCount => 0;
}
