namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Speed;

/// <summary>
/// The floating point operations of a training step's matrix products, a multiplication and an addition counting two: projections, feed
/// forward, attention and the logits at masked positions. A product's backward pass is two products of its size. Norms, activations,
/// softmax and the optimizer are not counted, and neither is what is computed a second time.
/// </summary>
/// <param name="Config">The network's shape.</param>
/// <param name="Rows">Sequences of a step.</param>
/// <param name="Length">Tokens of a sequence.</param>
/// <param name="Masked">Masked positions of a step, where the logits are computed.</param>
internal sealed record TrainingFlops(TransformerConfig Config, int Rows, int Length, int Masked)
{
    /// <summary>
    /// Whether the last block computes only keys and values at all positions, and everything else at the masked ones. Work that is left out
    /// is not counted.
    /// </summary>
    public bool LastBlockAtMaskedOnly { get; init; }

    /// <summary>The forward pass.</summary>
    public double Forward
    {
        get
        {
            double tokens = (double)Rows * Length;
            double d = Config.EmbeddingSize;
            double last = LastBlockAtMaskedOnly ? Masked : tokens;
            double lastProjection = 2 * d * (2 * d * tokens + d * last);
            double blocks = (Config.LayerCount - 1) * (2 * d * 3 * d * tokens + AfterProjection(tokens));
            double head = 2 * d * Config.VocabularySize * Masked;
            return blocks + lastProjection + AfterProjection(last) + head;
        }
    }

    /// <summary>Forward and backward pass.</summary>
    public double Step => 3 * Forward;

    // Attention, its projection and the feed forward layer of a block at so many positions.
    private double AfterProjection(double positions)
    {
        double d = Config.EmbeddingSize;
        double scoresAndMixing = 4 * d * Length;
        double projection = 2 * d * d;
        double feedForward = 6 * d * Config.FeedForwardSize;
        return positions * (scoresAndMixing + projection + feedForward);
    }
}
