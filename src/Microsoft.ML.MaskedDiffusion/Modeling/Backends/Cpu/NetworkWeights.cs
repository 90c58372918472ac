namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>Addresses of a network's weights up to the final norm, or of their gradients (null: not wanted).</summary>
internal sealed unsafe class NetworkWeights(float* embedding, LayerWeights[] layers, float* finalNorm)
{
    public float* Embedding { get; } = embedding;

    public LayerWeights[] Layers { get; } = layers;

    public float* FinalNorm { get; } = finalNorm;
}
