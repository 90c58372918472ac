using Microsoft.ML.MaskedDiffusion.Modeling;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The tiny model's shape and tokenizer with causal attention.</summary>
internal static class TinyAutoregressiveModel
{
    public static MaskedDiffusionModel Create(ulong seed = 5)
    {
        using MaskedDiffusionModel other = TinyModel.Create();
        var network = new TransformerNetwork(other.Config with { Autoregressive = true }, torch.CPU);
        network.Initialize(seed);
        return new MaskedDiffusionModel(network, other.Tokenizer);
    }
}
