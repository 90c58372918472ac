namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>Addresses of one block's weights, or of their gradients (null: not wanted).</summary>
internal readonly unsafe struct LayerWeights(float* norm1, float* qkv, float* projection, float* norm2, float* gate, float* up, float* down)
{
    /// <summary>Gain of the norm before attention [d].</summary>
    public float* Norm1 { get; } = norm1;

    /// <summary>Queries, keys and values, head by head [3d, d].</summary>
    public float* Qkv { get; } = qkv;

    /// <summary>Attention's output [d, d].</summary>
    public float* Projection { get; } = projection;

    /// <summary>Gain of the norm before the feed-forward layers [d].</summary>
    public float* Norm2 { get; } = norm2;

    /// <summary>w1 [f, d].</summary>
    public float* Gate { get; } = gate;

    /// <summary>w2 [f, d].</summary>
    public float* Up { get; } = up;

    /// <summary>w3 [d, f].</summary>
    public float* Down { get; } = down;
}
