namespace Microsoft.ML.MaskedDiffusion;

/// <summary>The order in which training shows the blocks of a packed corpus.</summary>
public enum PackedOrder
{
    /// <summary>
    /// Every epoch takes all blocks in a random order that depends on the training's seed. If data sets have weights, each is shuffled by
    /// itself.
    /// </summary>
    Shuffled,

    /// <summary>
    /// The order of SMDM's data loader, block by block: the files are shuffled once, and then the blocks of a few of them at a time, again
    /// and again.
    /// </summary>
    Published,
}
