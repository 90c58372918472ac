namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>Token blocks of one fixed length, read by index: what the loop trains on, wherever they are kept.</summary>
internal interface ITokenBlocks
{
    /// <summary>Number of blocks, at least 1.</summary>
    int Count { get; }

    /// <summary>Token ids in each block.</summary>
    int Length { get; }

    /// <summary>Token ids of the corpus the blocks were cut from.</summary>
    long TokenCount { get; }

    /// <summary>Copies block <paramref name="index"/> into <paramref name="destination"/>, <see cref="Length"/> ids.</summary>
    void Read(int index, Span<long> destination);
}
