using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>
/// What a network computes at each place by itself, but for the products with its matrices: embeddings, norms, biases and gates.
/// </summary>
internal sealed unsafe class PlaceArithmetic(TransformerConfig config)
{
    private readonly int _d = config.EmbeddingSize;
    private readonly HeadLayout _heads = HeadOrder.LayoutOf(config);
    private readonly bool _centered = config.Norm == NormKind.Layer;
    private readonly bool _gelu = config.Activation == GateActivation.Gelu;

    /// <summary>The residual stream [tokens, d] before the first block.</summary>
    public void Embed(NetworkWeights weights, long[] tokens, float* x)
    {
        fixed (long* ids = tokens)
            EmbeddingKernels.Gather(weights.Embedding, ids, x, tokens.Length, _d);
        if (weights.EmbeddingNorm is not null)
            Norm(x, weights.EmbeddingNorm, x, null, tokens.Length);
    }

    /// <summary>The normed states, with their factors (null: not kept).</summary>
    public void Norm(float* x, float* gain, float* y, float* scale, int rows) =>
        NormKernels.Forward(x, gain, config.NormEpsilon, y, scale, rows, _d, _centered);

    /// <summary>
    /// What a block's attention reads: the stream's normed states, written to <paramref name="y"/>, or the stream itself where the block
    /// has no first norm.
    /// </summary>
    public float* NormFirst(LayerWeights w, float* x, float* y, float* scale, int rows)
    {
        if (w.Norm1 is null)
            return x;
        Norm(x, w.Norm1, y, scale, rows);
        return y;
    }

    /// <summary>The normed states again, from their factors.</summary>
    public void NormAgain(float* x, float* gain, float* scale, float* y, int rows) =>
        NormKernels.Apply(x, gain, scale, y, rows, _d, _centered);

    /// <summary>dx = residual (null: 0) + the gradient through a norm, and the gain's gradient.</summary>
    public void NormBackward(
        float* x, float* gain, float* scale, float* dy, float* residual, float* dx, float* gainGradient, int rows) =>
        NormKernels.Backward(x, gain, scale, dy, residual, dx, gainGradient, rows, _d, _centered);

    /// <summary>The gated product of feed-forward layers, for so many numbers.</summary>
    public void Gate(float* gate, float* up, float* y, long count) => GateKernels.Forward(gate, up, y, count, _gelu);

    /// <summary>The gradients of both factors; over dy the product is written again.</summary>
    public void GateBackward(float* gate, float* up, float* dyToY, float* dGate, float* dUp, long count) =>
        GateKernels.Backward(gate, up, dyToY, dGate, dUp, count, _gelu);

    /// <summary>Adds a bias, where there is one.</summary>
    public static void AddBias(float* x, float* bias, int rows, int width)
    {
        if (bias is not null)
            BiasKernels.Add(x, bias, rows, width);
    }

    /// <summary>What follows the product with the fused projection and does not depend on positions: bias and norms of heads.</summary>
    public void FinishFused(LayerWeights w, float* qkv, int rows)
    {
        AddBias(qkv, w.Bias, rows, _heads.ProjectionWidth);
        NormFused(w, qkv, rows);
    }

    /// <summary>Norms the queries and keys of the fused projection, where they are normed.</summary>
    public void NormFused(LayerWeights w, float* qkv, int rows)
    {
        NormHeads(qkv, _heads.FusedQueries, w.QueryNorm, rows);
        NormHeads(qkv + _heads.KeyOffset, _heads.FusedKeys, w.KeyNorm, rows);
    }

    /// <summary>Norms queries that are apart, where they are normed.</summary>
    public void NormQueries(LayerWeights w, float* queries, int rows) => NormHeads(queries, _heads.Queries, w.QueryNorm, rows);

    /// <summary>Norms the keys among keys and values, where they are normed.</summary>
    public void NormKeys(LayerWeights w, float* keyValues, int rows) => NormHeads(keyValues, _heads.Keys, w.KeyNorm, rows);

    /// <summary>Turns the gradient of normed heads into that of the heads <paramref name="raw"/>, in place, and adds the gain's.</summary>
    public void NormHeadsBackward(float* raw, HeadRows heads, float* gain, float* dy, float* gainGradient, int rows)
    {
        if (gain is not null)
            NormKernels.BackwardHeads(raw, heads, gain, config.NormEpsilon, dy, gainGradient, rows);
    }

    private void NormHeads(float* x, HeadRows heads, float* gain, int rows)
    {
        if (gain is not null)
            NormKernels.ForwardHeads(x, heads, gain, config.NormEpsilon, rows);
    }
}
