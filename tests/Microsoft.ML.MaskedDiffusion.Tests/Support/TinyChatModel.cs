using Microsoft.ML.MaskedDiffusion.Modeling;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>A model of random weights with room for a conversation.</summary>
internal static class TinyChatModel
{
    public const int ContextLength = 512;

    /// <summary>A template with few tokens.</summary>
    public static ChatTemplate Template { get; } = new()
    {
        Name = "short",
        SystemStart = "S: ",
        SystemEnd = "\n",
        UserStart = "Q: ",
        UserEnd = "\n",
        AssistantStart = "A: ",
        AssistantEnd = "\n",
    };

    /// <param name="tokenizer">The tokenizer; null for one of bytes.</param>
    /// <param name="isAutoregressive">Whether attention is causal.</param>
    public static MaskedDiffusionModel Create(TextTokenizer? tokenizer = null, bool isAutoregressive = false)
    {
        tokenizer ??= TokenizerSource.Bytes().Resolve(() => [], null, CancellationToken.None);
        var config = new TransformerConfig
        {
            Name = "tiny-chat",
            LayerCount = 1,
            HeadCount = 2,
            EmbeddingSize = 32,
            FeedForwardSize = 64,
            VocabularySize = tokenizer.VocabularySize,
            ContextLength = ContextLength,
            Autoregressive = isAutoregressive,
        };
        var network = new TransformerNetwork(config, torch.CPU);
        network.Initialize(7);
        return new MaskedDiffusionModel(network, tokenizer);
    }
}
