using Microsoft.ML.MaskedDiffusion.Modeling;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>A model of random weights, large enough to have opinions and small enough to score in no time.</summary>
internal static class TinyModel
{
    public const int ContextLength = 24;

    private static readonly string[] Corpus =
    [
        "the cat sat on the mat and the dog lay by the door", "a small bird sang in the old tree by the river",
        "one two three four five six seven eight nine ten", "the river runs to the sea and the sea is wide",
    ];

    public static MaskedDiffusionModel Create(ulong seed = 3) => Create(
        TokenizerSource.TrainBytePairEncoding(300).Resolve(() => Corpus, null, CancellationToken.None), ContextLength, seed);

    /// <summary>The same with another tokenizer and context, and with tokens for lengths or without.</summary>
    public static MaskedDiffusionModel Create(
        TextTokenizer tokenizer, int contextLength, ulong seed = 3, bool hasLengthTokens = false)
    {
        var config = new TransformerConfig
        {
            Name = "tiny",
            LayerCount = 2,
            HeadCount = 2,
            EmbeddingSize = 32,
            FeedForwardSize = 64,
            VocabularySize = tokenizer.VocabularySize + (hasLengthTokens ? TransformerConfig.LengthTokenCount : 0),
            ContextLength = contextLength,
            HasLengthTokens = hasLengthTokens,
        };
        var network = new TransformerNetwork(config, torch.CPU);
        network.Initialize(seed);
        return new MaskedDiffusionModel(network, tokenizer);
    }
}
