using System.Numerics.Tensors;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>
/// The network from tokens to the states that the output layer reads, in 32-bit floats on the processor, on our own kernels. Products read
/// the matrices by way of copies in the kernels' order, of a whole block or piece by piece; activations stay where they are, but for those
/// of places that are asked for alone. Working memory comes from a pool, and each row's result has the same bits in every batch.
/// </summary>
internal sealed unsafe partial class KernelNetwork(TransformerConfig config, RotaryTables tables, BufferPool pool)
{
    private readonly int _d = config.EmbeddingSize;
    private readonly int _f = config.FeedForwardSize;
    private readonly HeadLayout _heads = HeadOrder.LayoutOf(config);
    private readonly PlaceArithmetic _places = new(config);

    /// <summary>Whether matrix products round their operands to bfloat16, and the activations that they compute as well.</summary>
    public bool Rounded { get; set; }

    /// <summary>Which positions see which; null: as the configuration says.</summary>
    public AttentionPattern? Attention { get; set; }

    /// <summary>Whether later forward passes keep little for their backward passes, which then compute the rest again.</summary>
    public bool Recomputes { get; set; }

    /// <summary>
    /// Writes the states that the output layer reads, of all places, [rows * length, d], or of <paramref name="places"/>, which ascend, to
    /// <paramref name="hidden"/>, and keeps on the tape what the backward pass needs. With places the last block computes only keys and
    /// values elsewhere, and its backward pass leaves out as much.
    /// </summary>
    public ForwardTape Forward(NetworkWeights weights, TokenRows tokens, long[]? places, float* hidden)
    {
        int n = tokens.Ids.Length, asked = places?.Length ?? n, last = weights.Layers.Length - 1;
        var tape = new ForwardTape(pool, config, tokens, places, Attention, Rounded, Recomputes);
        long d = (long)n * _d, f = (long)n * _f;
        using PooledBuffer working = pool.Rent(PooledBuffer.Room(d) + PooledBuffer.Room(f));
        float* normed = working.Cut(d), product = working.Cut(f);
        _places.Embed(weights, tape.Tokens, tape.Layers[0].Input);
        for (int i = 0; i <= last; i++)
        {
            LayerTape kept = tape.Layers[i];
            int rows = i == last ? asked : n;
            if (i == last && places is not null)
                AttendAsked(weights.Layers[i], kept, normed, tape);
            else
                Attend(weights.Layers[i], i, kept, normed, tape);
            FeedForward(weights.Layers[i], kept, normed, product, i < last ? tape.Layers[i + 1].Input : tape.Last, rows);
            tape.Pack(i);
        }
        _places.Norm(tape.Last, weights.FinalNorm, hidden, tape.LastScale, asked);
        if (config.HasPredictionHead)
            Predict(weights, tape, hidden, normed);
        return tape;
    }

    /// <summary>
    /// Adds the gradients of all weights to <paramref name="gradients"/>, given that of the states that <see cref="Forward"/> wrote, and
    /// gives the tape's memory back.
    /// </summary>
    public void Backward(NetworkWeights weights, NetworkWeights gradients, ForwardTape tape, float* dHidden)
    {
        if (tape.IsUsed)
            throw new InvalidOperationException(
                "The backward pass through this result of the network has been run already; compute the result again.");
        if (tape.Rounded != Rounded)
            throw new InvalidOperationException(
                "The network's precision was changed between a forward pass and its backward pass; compute the result again.");
        int n = tape.Batch * tape.Length, asked = tape.Places?.Length ?? n, last = weights.Layers.Length - 1;
        using var memory = new BackwardMemory(pool, n, config);
        float* dx = memory.DStream, dFinal = dHidden;
        if (config.HasPredictionHead)
            dFinal = PredictBackward(weights, gradients, tape, memory, dHidden);
        _places.NormBackward(
            tape.Last, weights.FinalNorm, tape.LastScale, dFinal, null, dx, memory.Wanted(gradients.FinalNorm), asked);
        for (int i = last; i >= 0; i--)
        {
            LayerWeights w = weights.Layers[i], g = gradients.Layers[i];
            LayerTape kept = tape.Layers[i];
            bool places = i == last && tape.Places is not null;
            int rows = places ? asked : n;
            tape.Unpack(i);
            if (tape.Recomputes)
                Recompute(w, i, kept, memory.Normed, tape, places);
            FeedForwardBackward(w, g, kept, memory, rows);
            int width = _heads.QueryWidth;
            AddWeightGradient(g.Projection.Floats, dx, _d, kept.Mixed, width, rows);
            MatrixProduct.Multiply(
                rows, width, _d, dx, _d, false, w.Projection.Floats, width, false, memory.DNormed, width, rounded: Rounded);
            if (places)
                AttendAskedBackward(w, g, kept, memory, tape);
            else
                AttendBackward(w, g, i, kept, memory, tape);
        }
        EmbedBackward(weights, gradients, tape, memory);
        tape.Dispose();
    }

    // The embeddings, which may be normed.
    private void EmbedBackward(NetworkWeights weights, NetworkWeights gradients, ForwardTape tape, BackwardMemory memory)
    {
        if (gradients.EmbeddingNorm is null && gradients.Embedding.Floats is null)
            return;
        float* dx = memory.DStream;
        if (weights.EmbeddingNorm is not null)
        {
            int n = tape.Tokens.Length;
            float* raw = memory.Normed;
            using PooledBuffer scale = pool.Rent(n);
            fixed (long* ids = tape.Tokens)
                EmbeddingKernels.Gather(weights.Embedding.Floats, ids, raw, n, _d);
            _places.Norm(raw, weights.EmbeddingNorm, memory.DNormed, scale.Pointer, n);
            _places.NormBackward(
                raw, weights.EmbeddingNorm, scale.Pointer, dx, null, dx, memory.Wanted(gradients.EmbeddingNorm), n);
        }
        if (gradients.Embedding.Floats is not null)
            EmbeddingKernels.AddGradient(gradients.Embedding.Floats, tape.Tokens, dx, _d);
    }

    // Feed-forward: x' = x + W3 (f(W1 norm2(x)) * (W2 norm2(x)))
    private void FeedForwardBackward(LayerWeights w, LayerWeights g, LayerTape kept, BackwardMemory memory, int n)
    {
        float* dx = memory.DStream, y = memory.Normed, dy = memory.DNormed, product = memory.Product;
        _places.NormAgain(kept.Middle, w.Norm2, kept.Scale2, y, n);
        MatrixProduct.Multiply(n, _f, _d, dx, _d, false, w.Down.Floats, _f, false, product, _f, rounded: Rounded);
        _places.GateBackward(kept.Gate, kept.Up, product, memory.DGate, memory.DUp, (long)n * _f);
        AddWeightGradient(g.Down.Floats, dx, _d, product, _f, n);
        AddWeightGradient(g.Gate.Floats, memory.DGate, _f, y, _d, n);
        AddWeightGradient(g.Up.Floats, memory.DUp, _f, y, _d, n);
        MatrixProduct.Multiply(n, _d, _f, memory.DGate, _f, false, w.Gate.Floats, _d, false, dy, _d, rounded: Rounded);
        MatrixProduct.Multiply(n, _d, _f, memory.DUp, _f, false, w.Up.Floats, _d, false, dy, _d, add: true, Rounded);
        _places.NormBackward(kept.Middle, w.Norm2, kept.Scale2, dy, dx, dx, memory.Wanted(g.Norm2), n);
    }

    // Attention: x' = x + Wo attend(turn(Wqkv norm1(x))), from the gradient of attention's result on.
    private void AttendBackward(LayerWeights w, LayerWeights g, int layer, LayerTape kept, BackwardMemory memory, ForwardTape tape)
    {
        int n = tape.Batch * tape.Length, width = _heads.ProjectionWidth;
        float* dx = memory.DStream, y = memory.Normed, dy = memory.DNormed, dQkv = memory.DQkv;
        AttentionKernels.Backward(
            kept.Qkv, kept.Mixed, kept.LogSums, dy, dQkv, tape.Batch, tape.Length, _heads, Reach(layer, tape), Rounded);
        Turn(dQkv, _heads.FusedQueriesAndKeys, layer, null, n, tape.PositionCount, -1);
        _places.NormHeadsBackward(kept.Raw, _heads.FusedQueries, w.QueryNorm, dQkv, memory.Wanted(g.QueryNorm), n);
        float* rawKeys = kept.Raw is null ? null : kept.Raw + _heads.KeyOffset;
        _places.NormHeadsBackward(rawKeys, _heads.FusedKeys, w.KeyNorm, dQkv + _heads.KeyOffset, memory.Wanted(g.KeyNorm), n);
        if (g.Bias is not null)
            BiasKernels.AddGradient(g.Bias, dQkv, n, width);
        y = NormFirstAgain(w, kept, y, n);
        AddWeightGradient(g.Qkv.Floats, dQkv, width, y, _d, n);
        MatrixProduct.Multiply(n, _d, width, dQkv, width, false, w.Qkv.Floats, _d, false, dy, _d, rounded: Rounded);
        NormFirstBackward(w, g, kept, memory, dx, n);
    }

    // What the block's attention read.
    private float* NormFirstAgain(LayerWeights w, LayerTape kept, float* y, int n)
    {
        if (w.Norm1 is null)
            return kept.Input;
        _places.NormAgain(kept.Input, w.Norm1, kept.Scale1, y, n);
        return y;
    }

    // The stream's gradient: that of the rest of the block, and that of what attention read, which is in the memory's DNormed.
    private void NormFirstBackward(LayerWeights w, LayerWeights g, LayerTape kept, BackwardMemory memory, float* rest, int n)
    {
        float* dx = memory.DStream, dy = memory.DNormed;
        if (w.Norm1 is null)
            SumAll(rest, dy, dx, (long)n * _d);
        else
            _places.NormBackward(kept.Input, w.Norm1, kept.Scale1, dy, rest, dx, memory.Wanted(g.Norm1), n);
    }

    private void AddWeightGradient(float* gradient, float* dy, int outputs, float* x, int inputs, int rows)
    {
        if (gradient is null)
            return;
        MatrixProduct.Multiply(outputs, inputs, rows, dy, outputs, true, x, inputs, false, gradient, inputs, add: true, Rounded);
    }

    // Middle = input + attention's projected result.
    private void Attend(LayerWeights w, int layer, LayerTape kept, float* normed, ForwardTape tape)
    {
        int n = tape.Batch * tape.Length;
        Project(w, layer, kept, normed, n, tape.PositionCount);
        AttentionKernels.Forward(
            kept.Qkv, kept.Mixed, kept.LogSums, tape.Batch, tape.Length, _heads, Reach(layer, tape), Rounded);
        RoundAll(kept.Mixed, (long)n * _heads.QueryWidth);
        AddTo(kept.Input, kept.Mixed, _heads.QueryWidth, w.Projection.Floats, kept.Middle, n);
    }

    // To = middle + the feed-forward layers' result.
    private void FeedForward(LayerWeights w, LayerTape kept, float* normed, float* product, float* to, int n)
    {
        Expand(w, kept, normed, n);
        _places.Gate(kept.Gate, kept.Up, product, (long)n * _f);
        AddTo(kept.Middle, product, _f, w.Down.Floats, to, n);
    }

    /// <summary>A block's forward pass up to the gate once more, without attention, whose result was kept.</summary>
    private void Recompute(LayerWeights w, int layer, LayerTape kept, float* normed, ForwardTape tape, bool places)
    {
        int n = tape.Batch * tape.Length;
        if (places)
        {
            ProjectAsked(w, kept, normed, tape);
            ContinueAsked(w, kept, tape);
            Expand(w, kept, normed, tape.Places!.Length);
            return;
        }
        Project(w, layer, kept, normed, n, tape.PositionCount);
        AddTo(kept.Input, kept.Mixed, _heads.QueryWidth, w.Projection.Floats, kept.Middle, n);
        Expand(w, kept, normed, n);
    }

    /// <summary>Queries and keys, which are turned by their positions, and values of the normed states.</summary>
    private void Project(LayerWeights w, int layer, LayerTape kept, float* normed, int n, int positions)
    {
        int width = _heads.ProjectionWidth;
        float* raw = kept.Raw is null ? kept.Qkv : kept.Raw, from = _places.NormFirst(w, kept.Input, normed, kept.Scale1, n);
        MatrixProduct.Multiply(n, width, _d, from, _d, false, w.Qkv.Floats, _d, true, raw, width, rounded: Rounded);
        PlaceArithmetic.AddBias(raw, w.Bias, n, width);
        CopyAll(raw, kept.Qkv, (long)n * width);
        _places.NormFused(w, kept.Qkv, n);
        Turn(kept.Qkv, _heads.FusedQueriesAndKeys, layer, null, n, positions, 1);
        RoundAll(kept.Qkv, (long)n * width);
    }

    /// <summary>The two products of the normed states that the gate multiplies.</summary>
    private void Expand(LayerWeights w, LayerTape kept, float* normed, int n)
    {
        _places.Norm(kept.Middle, w.Norm2, normed, kept.Scale2, n);
        MatrixProduct.Multiply(n, _f, _d, normed, _d, false, w.Gate.Floats, _d, true, kept.Gate, _f, rounded: Rounded);
        MatrixProduct.Multiply(n, _f, _d, normed, _d, false, w.Up.Floats, _d, true, kept.Up, _f, rounded: Rounded);
        RoundAll(kept.Gate, (long)n * _f);
        RoundAll(kept.Up, (long)n * _f);
    }

    /// <summary>to = residual + x W^T.</summary>
    private void AddTo(float* residual, float* x, int inputs, float* weight, float* to, int n)
    {
        CopyAll(residual, to, (long)n * _d);
        MatrixProduct.Multiply(n, _d, inputs, x, inputs, false, weight, inputs, true, to, _d, add: true, Rounded);
    }

    // What the tape keeps in bfloat16 is rounded where it is computed, so that it has the same bits whether it is kept or computed again.
    private void RoundAll(float* values, long count)
    {
        if (Rounded)
            BFloat16Kernels.RoundAll(values, count);
    }

    // Copies on all cores, unless both are the same memory.
    private static void CopyAll(float* from, float* to, long count)
    {
        if (to == from)
            return;
        Workers.Rows(count, 1 << 16, (first, last) =>
            new ReadOnlySpan<float>(from + first, (int)(last - first)).CopyTo(new Span<float>(to + first, (int)(last - first))));
    }

    private static void SumAll(float* a, float* b, float* to, long count) => Workers.Rows(count, 1 << 16, (first, last) =>
    {
        int piece = (int)(last - first);
        TensorPrimitives.Add(
            new ReadOnlySpan<float>(a + first, piece), new ReadOnlySpan<float>(b + first, piece), new Span<float>(to + first, piece));
    });

    // The rows' positions are their numbers, or their places, modulo the number of positions.
    private void Turn(float* x, HeadRows heads, int layer, long* places, int rows, int positions, float direction)
    {
        RotaryTable table = tables.Of(layer);
        fixed (float* cos = table.Cosines, sin = table.Sines)
            RotaryKernels.Turn(x, heads, cos, sin, places, rows, positions, direction);
    }

    private AttentionReach Reach(int layer, ForwardTape tape) => Reach(layer, tape.Attention, tape.Blocks);

    private AttentionReach Reach(int layer, AttentionPattern? attention, AttentionBlocks? blocks = null) =>
        AttentionPattern.ReachOf(config, config.IsLocal(layer), attention, blocks);
}
