using Microsoft.ML.MaskedDiffusion.Modeling;
using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Training.Adapters;

/// <summary>All parameters of a network, as they are.</summary>
/// <param name="network">The network, which stays the caller's.</param>
internal sealed class NetworkParameters(TransformerNetwork network) : ITrainableWeights
{
    public IReadOnlyDictionary<string, Parameter> Parameters => network.Parameters;

    public void GatherGradients()
    {
    }

    public void Apply()
    {
    }

    public LoraAdapter? ToAdapter() => null;

    public void Dispose()
    {
    }
}
