using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Weights of files in a network that a test has made.</summary>
internal static class StoredWeights
{
    /// <summary>Fills the network from a .safetensors file, or from the shards of an index, with the network's own names.</summary>
    public static void Load(string path, TransformerNetwork network)
    {
        using SafetensorsFiles files = SafetensorsFiles.Open(path);
        WeightFiles.Load(files.Readers, network, path);
    }
}
