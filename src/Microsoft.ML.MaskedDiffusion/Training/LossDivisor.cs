namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// What the summed loss of a training step is divided by where rows have different lengths, so that micro batches have different numbers of
/// learned tokens.
/// </summary>
public enum LossDivisor
{
    /// <summary>
    /// The learned tokens of the whole batch: each token counts the same, and <see cref="ComputeOptions.MicroBatchSize"/> changes memory
    /// and rounding only.
    /// </summary>
    Batch,

    /// <summary>
    /// The learned tokens of each micro batch, and the mean of the micro batches is taken, as SMDM does: tokens in a micro batch of short
    /// rows count more, so the micro batch size changes what is learned.
    /// </summary>
    MicroBatch,
}
