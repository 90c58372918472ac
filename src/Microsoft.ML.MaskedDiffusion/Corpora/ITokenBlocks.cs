namespace Microsoft.ML.MaskedDiffusion.Corpora;

/// <summary>
/// What the ids of a block are: first a prompt, which is given, then an answer, which is learned. The ids after them only fill the block up
/// and are not read.
/// </summary>
/// <param name="Prompt">The number of ids of the prompt; 0 if everything is learned.</param>
/// <param name="Length">The number of ids of prompt and answer together.</param>
internal readonly record struct RowExtent(int Prompt, int Length);

/// <summary>
/// Blocks of token ids, all of one length, that training reads by index. They are cut from packed text, or are rows of their own.
/// </summary>
internal interface ITokenBlocks
{
    /// <summary>The number of blocks, at least 1.</summary>
    int Count { get; }

    /// <summary>The number of token ids in each block.</summary>
    int Length { get; }

    /// <summary>The number of token ids of the corpus that the blocks were made from.</summary>
    long TokenCount { get; }

    /// <summary>A text that tells these blocks from others without reading them; null if they must be read for that.</summary>
    string? Identity => null;

    /// <summary>How many ids are in more than one block, because they fill up the last block.</summary>
    long RepeatedTokenCount => 0;

    /// <summary>
    /// Whether the rows of a micro batch are filled up to the longest of them with ids that are learned, which <see cref="Read"/> gives
    /// after the end of the row.
    /// </summary>
    bool PadsToLongest => false;

    /// <summary>The order in which training takes the blocks.</summary>
    IBlockOrder Order(ulong seed) => new BlockOrder(Count, seed);

    /// <summary>Copies a block into <paramref name="destination"/>, which has room for <see cref="Length"/> ids.</summary>
    void Read(int index, Span<long> destination);

    /// <summary>What the ids of a block are; in packed text all of them are learned.</summary>
    RowExtent Extent(int index) => new(0, Length);
}
