using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
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
    /// <param name="a">A [r, inputs], of the network's type or a wider one, in which the sum is then computed, and on its device.</param>
    /// <param name="b">B [outputs, r], likewise.</param>
    /// <param name="scale">The factor s.</param>
    public static void Add(TransformerNetwork network, LinearLayer layer, Tensor a, Tensor b, double scale)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Tensor product = b.mm(a);
        foreach (StoredRows rows in layer.Rows)
        {
            Tensor weight = network.Parameters[rows.Parameter].narrow(0, rows.To, rows.Count);
            Tensor part = product.narrow(0, rows.From, rows.Count);
            if (weight.dtype == product.dtype)
                weight.Increase(part, scale);
            else
                weight.copy_(weight.to(product.dtype).Increase(part, scale));
        }
    }
}
