using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>
/// Addresses of a network's weights up to the output layer, or of their gradients. Null: the network has none, or no gradient is wanted.
/// Matrices may be narrow, of which inference alone makes use; gains and biases are 32-bit floats.
/// </summary>
internal sealed unsafe class NetworkWeights
{
    /// <param name="parameters">The network's parameters by name.</param>
    /// <param name="layerCount">Number of blocks.</param>
    /// <param name="address">The address that is taken of a parameter.</param>
    public NetworkWeights(IReadOnlyDictionary<string, Parameter> parameters, int layerCount, AddressOf address)
    {
        WeightMatrix Matrix(string name) => parameters.TryGetValue(name, out Parameter? parameter) ? address(name, parameter) : default;
        float* Of(string name) => Matrix(name).Floats;
        Embedding = Matrix(TransformerNetwork.EmbeddingName);
        EmbeddingNorm = Of(TransformerNetwork.EmbeddingNormName);
        Layers = new LayerWeights[layerCount];
        for (int i = 0; i < layerCount; i++)
        {
            string layer = TransformerNetwork.LayerPrefix(i);
            Layers[i] = new LayerWeights
            {
                Norm1 = Of(layer + "norm_1.weight"),
                Qkv = Matrix(layer + "attn.attn.weight"),
                Bias = Of(layer + "attn.attn.bias"),
                QueryNorm = Of(layer + "attn.norm_q.weight"),
                KeyNorm = Of(layer + "attn.norm_k.weight"),
                Projection = Matrix(layer + "attn.proj.weight"),
                Norm2 = Of(layer + "norm_2.weight"),
                Gate = Matrix(layer + "mlp.swiglu.w1.weight"),
                Up = Matrix(layer + "mlp.swiglu.w2.weight"),
                Down = Matrix(layer + "mlp.swiglu.w3.weight"),
            };
        }
        FinalNorm = Of(TransformerNetwork.FinalNormName);
        HeadDense = Matrix(TransformerNetwork.HeadDenseName);
        HeadNorm = Of(TransformerNetwork.HeadNormName);
    }

    /// <summary>Chooses an address of a parameter, such as its values' or its gradient's.</summary>
    public delegate WeightMatrix AddressOf(string name, Parameter parameter);

    /// <summary>The embedding table [embedding rows, d].</summary>
    public WeightMatrix Embedding { get; }

    /// <summary>Gain of the embeddings' norm [d].</summary>
    public float* EmbeddingNorm { get; }

    /// <summary>The blocks in order.</summary>
    public LayerWeights[] Layers { get; }

    /// <summary>Gain of the last norm [d].</summary>
    public float* FinalNorm { get; }

    /// <summary>The prediction head's dense layer [d, d].</summary>
    public WeightMatrix HeadDense { get; }

    /// <summary>Gain of the prediction head's norm [d].</summary>
    public float* HeadNorm { get; }
}

/// <summary>Addresses of one block's weights, or of their gradients, null as for <see cref="NetworkWeights"/>.</summary>
internal readonly unsafe struct LayerWeights
{
    /// <summary>Gain of the norm before attention [d].</summary>
    public float* Norm1 { get; init; }

    /// <summary>Queries, keys and values, group by group [projection, d].</summary>
    public WeightMatrix Qkv { get; init; }

    /// <summary>The bias of queries, keys and values [projection].</summary>
    public float* Bias { get; init; }

    /// <summary>Gain of the queries' norm [h].</summary>
    public float* QueryNorm { get; init; }

    /// <summary>Gain of the keys' norm [h].</summary>
    public float* KeyNorm { get; init; }

    /// <summary>Attention's output [d, query width].</summary>
    public WeightMatrix Projection { get; init; }

    /// <summary>Gain of the norm before the feed-forward layers [d].</summary>
    public float* Norm2 { get; init; }

    /// <summary>w1 [f, d].</summary>
    public WeightMatrix Gate { get; init; }

    /// <summary>w2 [f, d].</summary>
    public WeightMatrix Up { get; init; }

    /// <summary>w3 [d, f].</summary>
    public WeightMatrix Down { get; init; }
}
