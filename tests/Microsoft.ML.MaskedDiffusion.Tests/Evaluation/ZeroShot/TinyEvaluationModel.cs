using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Text.BytePair;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>A small random model whose tokens are bytes and an end of text; context length 48.</summary>
internal static class TinyEvaluationModel
{
    public static MaskedDiffusionModel Create()
    {
        TextTokenizer tokenizer = BytePairTrainer.Train(["x"], BytePairTrainer.MinimumVocabularySize);
        var config = new TransformerConfig
        {
            Name = "tiny", LayerCount = 2, HeadCount = 2, EmbeddingSize = 32, FeedForwardSize = 64,
            VocabularySize = tokenizer.VocabularySize, ContextLength = 48,
        };
        var network = new TransformerNetwork(config, torch.CPU);
        network.Initialize(7);
        return new MaskedDiffusionModel(network, tokenizer);
    }
}
