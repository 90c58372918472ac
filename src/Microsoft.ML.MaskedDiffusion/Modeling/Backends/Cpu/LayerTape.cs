namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>
/// Addresses of one block's activations. The last block, where m of the n places were asked, has only keys and values of all places.
/// </summary>
internal readonly unsafe struct LayerTape
{
    /// <summary>The residual stream before the block [n, d].</summary>
    public float* Input { get; init; }

    /// <summary>The first norm's factors [n].</summary>
    public float* Scale1 { get; init; }

    /// <summary>
    /// The fused projection [n, projection], queries and keys turned by their positions; with asked places keys and values of all places,
    /// [n, keys and values], then queries [m, query width].
    /// </summary>
    public float* Qkv { get; init; }

    /// <summary>The same before queries and keys were normed and turned; null where they are not normed.</summary>
    public float* Raw { get; init; }

    /// <summary>Log-sum-exps of attention [batch, heads, length]; with asked places [m, heads].</summary>
    public float* LogSums { get; init; }

    /// <summary>Attention's mixed values [n, query width] or [m, query width].</summary>
    public float* Mixed { get; init; }

    /// <summary>The residual stream after attention [n, d] or [m, d].</summary>
    public float* Middle { get; init; }

    /// <summary>The second norm's factors [n] or [m].</summary>
    public float* Scale2 { get; init; }

    /// <summary>w1's output [n, f] or [m, f].</summary>
    public float* Gate { get; init; }

    /// <summary>w2's output [n, f] or [m, f].</summary>
    public float* Up { get; init; }
}
