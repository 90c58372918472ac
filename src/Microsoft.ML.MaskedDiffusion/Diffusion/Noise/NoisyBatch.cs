namespace Microsoft.ML.MaskedDiffusion.Diffusion.Noise;

/// <summary>Sequences after the forward process, in managed memory: what the network sees and what it has to predict.</summary>
internal sealed class NoisyBatch
{
    /// <summary>Number of sequences B.</summary>
    public required int Count { get; init; }

    /// <summary>Length T of every sequence.</summary>
    public required int Length { get; init; }

    /// <summary>Token ids [B, T], the mask token where a token was taken away.</summary>
    public required long[] Tokens { get; init; }

    /// <summary>Masking probability p of every sequence [B].</summary>
    public required float[] Probabilities { get; init; }

    /// <summary>Where the mask tokens were put, as row * T + column, ascending.</summary>
    public required long[] MaskedPositions { get; init; }

    /// <summary>The token that was there before, for every masked position.</summary>
    public required long[] Targets { get; init; }

    /// <summary>
    /// The weight of every masked position's cross-entropy, with which <see cref="Probabilities"/> say nothing; null for the one that
    /// <see cref="LossWeighting"/> gives it.
    /// </summary>
    public float[]? Weights { get; init; }

    /// <summary>The row of a masked position.</summary>
    public int RowOf(int masked) => (int)(MaskedPositions[masked] / Length);
}
