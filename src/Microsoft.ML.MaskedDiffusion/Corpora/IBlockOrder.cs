namespace Microsoft.ML.MaskedDiffusion.Corpora;

/// <summary>An endless order of blocks in which a run can start anywhere: the position is one number.</summary>
internal interface IBlockOrder
{
    /// <summary>The block of the given sequence, counted from the start of training.</summary>
    int this[long sequence] { get; }
}
