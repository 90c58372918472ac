using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Training.Adapters;

/// <summary>
/// What an optimizer moves while a network is trained: its parameters themselves, or factors that its parameters follow from. These are
/// what is clipped, averaged, kept as the best, and written into checkpoints.
/// </summary>
internal interface ITrainableWeights : IDisposable
{
    /// <summary>The weights by name. Checkpoints hold the names, so they never change.</summary>
    IReadOnlyDictionary<string, Parameter> Parameters { get; }

    /// <summary>Called when all backward passes of a step have run: gives the weights their gradients from those of the network.</summary>
    void GatherGradients();

    /// <summary>Called when the weights have changed: the network computes with what they are now.</summary>
    void Apply();

    /// <summary>What was learned, where it is apart from the network; null otherwise.</summary>
    LoraAdapter? ToAdapter();
}
