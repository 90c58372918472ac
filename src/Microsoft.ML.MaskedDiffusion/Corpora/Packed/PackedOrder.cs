namespace Microsoft.ML.MaskedDiffusion;

/// <summary>The order in which training shows the blocks of a packed corpus.</summary>
public enum PackedOrder
{
    /// <summary>
    /// Every epoch is a permutation of all blocks, drawn from the training's seed. With weights each data set is shuffled so for itself.
    /// </summary>
    Shuffled,

    /// <summary>
    /// The order of SMDM's data loader, block by block: files shuffled once, the blocks of a few of them at a time, over and over.
    /// </summary>
    Published,
}
