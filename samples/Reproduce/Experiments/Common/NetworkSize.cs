using Microsoft.ML.MaskedDiffusion;

namespace Reproduce.Experiments.Common;

/// <summary>How large a small network is.</summary>
/// <param name="Layers">The number of transformer blocks.</param>
/// <param name="Width">The size of the embeddings; the feed-forward layer has four times as many.</param>
internal sealed record NetworkSize(int Layers, int Width)
{
    /// <summary>The embeddings of a head.</summary>
    public int HeadSize { get; init; } = 32;

    /// <summary>The network.</summary>
    public TransformerConfig Network(int contextLength) => new()
    {
        Name = $"{Layers}x{Width}",
        LayerCount = Layers,
        HeadCount = Width / HeadSize,
        EmbeddingSize = Width,
        FeedForwardSize = 4 * Width,
        ContextLength = contextLength,
    };
}
