using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Modeling.Families;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Adapters;

/// <summary>Merges an adapter into a network's weights.</summary>
internal static class AdapterMerge
{
    /// <summary>Adds the adapter's updates to the weights.</summary>
    /// <param name="network">The network, which nobody else uses.</param>
    /// <param name="family">The family whose files the network was read from, or null.</param>
    /// <param name="adapter">The adapter.</param>
    /// <exception cref="ArgumentException">The network has no such layers, or in other sizes; nothing has changed then.</exception>
    public static void Into(TransformerNetwork network, ModelFamily? family, LoraAdapter adapter)
    {
        LinearLayer[] layers = LayersOf(network.Config, family, adapter);
        double scale = adapter.Alpha / adapter.Rank;
        ScalarType type = network.Type == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        foreach ((LinearLayer layer, LoraFactors factors) in layers.Zip(adapter.Factors))
        {
            using var scope = NewDisposeScope();
            Tensor a = tensor(factors.A, adapter.Rank, layer.Inputs).to(type, network.Device);
            Tensor b = tensor(factors.B, layer.Outputs, adapter.Rank).to(type, network.Device);
            LowRankUpdate.Add(network, layer, a, b, scale);
        }
    }

    private static LinearLayer[] LayersOf(TransformerConfig config, ModelFamily? family, LoraAdapter adapter)
    {
        LayerNaming[] namings = [.. LayerNaming.Of(config, family)];
        LayerNaming? naming = namings.FirstOrDefault(one => adapter.LayerNames.All(name => one.FindByName(name) is not null));
        if (naming is null)
        {
            string stranger = adapter.LayerNames.FirstOrDefault(name => namings.All(one => one.FindByName(name) is null))
                ?? adapter.LayerNames[0];
            string own = string.Join(", ", namings[0].TargetsOf(namings[0].Layers));
            throw new ArgumentException($"The adapter changes a layer {FaultList.Quote(stranger)}, and the network \"{config.Name}\" has "
                + $"none of that name beside the adapter's others; its own layers are {own}. Merge an adapter into the model that it was "
                + "trained from.", nameof(adapter));
        }
        LinearLayer[] layers = [.. adapter.LayerNames.Select(name => naming.FindByName(name)!)];
        foreach ((LinearLayer layer, LoraFactors factors) in layers.Zip(adapter.Factors))
        {
            long outputs = factors.B.Length / adapter.Rank, inputs = factors.A.Length / adapter.Rank;
            if ((outputs, inputs) != (layer.Outputs, layer.Inputs))
            {
                throw new ArgumentException($"The adapter's layer {FaultList.Quote(layer.Name)} has a weight [{outputs}, {inputs}], and "
                    + $"the network \"{config.Name}\" has [{layer.Outputs}, {layer.Inputs}] there. Merge an adapter into the model that "
                    + "it was trained from.", nameof(adapter));
            }
        }
        return layers;
    }
}
