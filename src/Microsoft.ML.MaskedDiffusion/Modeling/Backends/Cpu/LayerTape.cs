namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>Addresses of one block's activations.</summary>
internal readonly unsafe struct LayerTape(float* input, float* scale1, float* qkv, float* logSums, float* mixed, float* middle, float* scale2, float* gate, float* up)
{
    /// <summary>The residual stream before the block [n, d].</summary>
    public float* Input { get; } = input;

    /// <summary>The first norm's factors [n].</summary>
    public float* Scale1 { get; } = scale1;

    /// <summary>Queries and keys (turned) and values [n, 3d].</summary>
    public float* Qkv { get; } = qkv;

    /// <summary>Log-sum-exps of attention [batch, heads, length].</summary>
    public float* LogSums { get; } = logSums;

    /// <summary>Attention's mixed values [n, d].</summary>
    public float* Mixed { get; } = mixed;

    /// <summary>The residual stream after attention [n, d].</summary>
    public float* Middle { get; } = middle;

    /// <summary>The second norm's factors [n].</summary>
    public float* Scale2 { get; } = scale2;

    /// <summary>w1's output [n, f].</summary>
    public float* Gate { get; } = gate;

    /// <summary>w2's output [n, f].</summary>
    public float* Up { get; } = up;
}
