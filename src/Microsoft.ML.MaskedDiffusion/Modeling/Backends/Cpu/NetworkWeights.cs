using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>Addresses of a network's weights up to the final norm, or of their gradients (null: not wanted).</summary>
internal sealed unsafe class NetworkWeights
{
    /// <param name="parameters">The network's parameters by name.</param>
    /// <param name="layerCount">Number of blocks.</param>
    /// <param name="address">The address that is taken of a parameter.</param>
    public NetworkWeights(IReadOnlyDictionary<string, Parameter> parameters, int layerCount, AddressOf address)
    {
        float* Of(string name) => address(parameters[name]);
        Embedding = Of(TransformerNetwork.EmbeddingName);
        Layers = new LayerWeights[layerCount];
        for (int i = 0; i < layerCount; i++)
        {
            string layer = TransformerNetwork.LayerPrefix(i);
            Layers[i] = new LayerWeights
            {
                Norm1 = Of(layer + "norm_1.weight"),
                Qkv = Of(layer + "attn.attn.weight"),
                Projection = Of(layer + "attn.proj.weight"),
                Norm2 = Of(layer + "norm_2.weight"),
                Gate = Of(layer + "mlp.swiglu.w1.weight"),
                Up = Of(layer + "mlp.swiglu.w2.weight"),
                Down = Of(layer + "mlp.swiglu.w3.weight"),
            };
        }
        FinalNorm = Of(TransformerNetwork.FinalNormName);
    }

    /// <summary>Chooses an address of a parameter, such as its values' or its gradient's.</summary>
    public delegate float* AddressOf(Parameter parameter);

    /// <summary>The embedding table [embedding rows, d].</summary>
    public float* Embedding { get; }

    /// <summary>The blocks in order.</summary>
    public LayerWeights[] Layers { get; }

    /// <summary>Gain of the last norm [d].</summary>
    public float* FinalNorm { get; }
}

/// <summary>Addresses of one block's weights, or of their gradients (null: not wanted).</summary>
internal readonly unsafe struct LayerWeights
{
    /// <summary>Gain of the norm before attention [d].</summary>
    public float* Norm1 { get; init; }

    /// <summary>Queries, keys and values, head by head [3d, d].</summary>
    public float* Qkv { get; init; }

    /// <summary>Attention's output [d, d].</summary>
    public float* Projection { get; init; }

    /// <summary>Gain of the norm before the feed-forward layers [d].</summary>
    public float* Norm2 { get; init; }

    /// <summary>w1 [f, d].</summary>
    public float* Gate { get; init; }

    /// <summary>w2 [f, d].</summary>
    public float* Up { get; init; }

    /// <summary>w3 [d, f].</summary>
    public float* Down { get; init; }
}
