namespace Microsoft.ML.MaskedDiffusion.Numerics.Autograd;

/// <summary>
/// A loss of softmax(logits), one number for each row of logits, as a part of <see cref="VocabularyLossFunction"/>. Immutable.
/// </summary>
internal unsafe interface IVocabularyLoss
{
    /// <summary>Writes the loss of some rows, and what <see cref="Backward"/> wants to know of each.</summary>
    /// <param name="logits">The rows' logits [count, width].</param>
    /// <param name="first">The number of the first row.</param>
    /// <param name="count">How many rows.</param>
    /// <param name="width">Logits of a row.</param>
    /// <param name="loss">Gets the losses in nats.</param>
    /// <param name="kept">Room for a number for each row, which a loss may keep for <see cref="Backward"/>.</param>
    void Forward(float* logits, int first, int count, int width, float* loss, float* kept);

    /// <summary>Writes the gradient by the rows' logits over these.</summary>
    /// <param name="logits">The rows' logits [count, width].</param>
    /// <param name="first">The number of the first row.</param>
    /// <param name="count">How many rows.</param>
    /// <param name="width">Logits of a row.</param>
    /// <param name="kept">What <see cref="Forward"/> wrote.</param>
    /// <param name="gradient">The gradient by each loss.</param>
    void Backward(float* logits, int first, int count, int width, float* kept, float* gradient);
}
