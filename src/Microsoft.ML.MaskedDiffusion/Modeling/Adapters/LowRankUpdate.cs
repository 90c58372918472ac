using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Adapters;

/// <summary>
/// Adds a low-rank update to a linear layer's weight, W + s B A (Hu et al., 2021, "LoRA: Low-Rank Adaptation of Large Language Models",
/// section 4.1). Training and merging both use it, so that a trained model and its base with the adapter merged in have the same bits.
/// </summary>
internal static class LowRankUpdate
{
    /// <summary>Adds s B A to the parameters that hold the layer's weight.</summary>
    /// <param name="network">The network.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="a">A [r, inputs], of the network's type and on its device.</param>
    /// <param name="b">B [outputs, r], likewise.</param>
    /// <param name="scale">The factor s.</param>
    public static void Add(TransformerNetwork network, LinearLayer layer, Tensor a, Tensor b, double scale)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Tensor product = b.mm(a);
        foreach (var rows in layer.Rows)
            network.Parameters[rows.Parameter].narrow(0, rows.To, rows.Count).Increase(product.narrow(0, rows.From, rows.Count), scale);
    }
}
