using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>
/// The network from tokens to the final norm in 32-bit floats on the processor, on our own kernels. Nothing is copied or transposed,
/// working memory comes from a pool, and each row's result has the same bits in every batch.
/// </summary>
internal sealed unsafe partial class KernelNetwork(TransformerConfig config, RotaryTable rotary, BufferPool pool)
{
    private readonly int _d = config.EmbeddingSize;
    private readonly int _f = config.FeedForwardSize;
    private readonly int _heads = config.HeadCount;
    private readonly int _size = config.HeadSize;

    /// <summary>Whether matrix products round their operands to bfloat16, and the activations that they compute as well.</summary>
    public bool Rounded { get; set; }

    /// <summary>Whether positions see only what is before them.</summary>
    public bool IsCausal { get; set; } = config.Autoregressive;

    /// <summary>Whether later forward passes keep little for their backward passes, which then compute the rest again.</summary>
    public bool Recomputes { get; set; }

    /// <summary>
    /// Writes the states after the final norm, of all places, [rows * length, d], or of <paramref name="places"/>, which ascend, to
    /// <paramref name="hidden"/>, and keeps on the tape what the backward pass needs. With places the last block computes only keys and
    /// values elsewhere, and its backward pass leaves out as much.
    /// </summary>
    public ForwardTape Forward(NetworkWeights weights, TokenRows tokens, long[]? places, float* hidden)
    {
        int batch = tokens.Count, length = tokens.Length, n = batch * length, asked = places?.Length ?? n, last = weights.Layers.Length - 1;
        var tape = new ForwardTape(pool, config, tokens, places, Rounded, Recomputes);
        long d = (long)n * _d, f = (long)n * _f;
        using PooledBuffer working = pool.Rent(PooledBuffer.Room(d) + PooledBuffer.Room(f));
        float* normed = working.Cut(d), product = working.Cut(f);
        Embed(weights.Embedding, tape.Tokens, tape.Layers[0].Input);
        for (int i = 0; i <= last; i++)
        {
            LayerTape kept = tape.Layers[i];
            int rows = i == last ? asked : n;
            if (i == last && places is not null)
                AttendAsked(weights.Layers[i], kept, normed, tape);
            else
                Attend(weights.Layers[i], kept, normed, batch, length);
            FeedForward(weights.Layers[i], kept, normed, product, i < last ? tape.Layers[i + 1].Input : tape.Last, rows);
            tape.Pack(i);
        }
        NormKernels.Forward(tape.Last, weights.FinalNorm, config.NormEpsilon, hidden, tape.LastScale, asked, _d);
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
        using var memory = new BackwardMemory(pool, n, _d, _f);
        float* dx = memory.DStream;
        NormKernels.Backward(
            tape.Last, weights.FinalNorm, tape.LastScale, dHidden, null, dx, memory.Wanted(gradients.FinalNorm), asked, _d);
        for (int i = last; i >= 0; i--)
        {
            LayerWeights w = weights.Layers[i], g = gradients.Layers[i];
            LayerTape kept = tape.Layers[i];
            bool places = i == last && tape.Places is not null;
            int rows = places ? asked : n;
            tape.Unpack(i);
            if (tape.Recomputes)
                Recompute(w, kept, memory.Normed, tape, places);
            FeedForwardBackward(w, g, kept, memory, rows);
            AddWeightGradient(g.Projection, dx, _d, kept.Mixed, _d, rows);
            MatrixProduct.Multiply(rows, _d, _d, dx, _d, false, w.Projection, _d, false, memory.DNormed, _d, rounded: Rounded);
            if (places)
                AttendAskedBackward(w, g, kept, memory, tape);
            else
                AttendBackward(w, g, kept, memory, tape.Batch, tape.Length);
        }
        if (gradients.Embedding is not null)
            EmbeddingKernels.AddGradient(gradients.Embedding, tape.Tokens, dx, _d);
        tape.Dispose();
    }

    // Feed-forward: x' = x + W3 (silu(W1 norm2(x)) * (W2 norm2(x)))
    private void FeedForwardBackward(LayerWeights w, LayerWeights g, LayerTape kept, BackwardMemory memory, int n)
    {
        float* dx = memory.DStream, y = memory.Normed, dy = memory.DNormed, product = memory.Product;
        NormKernels.Apply(kept.Middle, w.Norm2, kept.Scale2, y, n, _d);
        MatrixProduct.Multiply(n, _f, _d, dx, _d, false, w.Down, _f, false, product, _f, rounded: Rounded);
        GateKernels.Backward(kept.Gate, kept.Up, product, memory.DGate, memory.DUp, (long)n * _f);
        AddWeightGradient(g.Down, dx, _d, product, _f, n);
        AddWeightGradient(g.Gate, memory.DGate, _f, y, _d, n);
        AddWeightGradient(g.Up, memory.DUp, _f, y, _d, n);
        MatrixProduct.Multiply(n, _d, _f, memory.DGate, _f, false, w.Gate, _d, false, dy, _d, rounded: Rounded);
        MatrixProduct.Multiply(n, _d, _f, memory.DUp, _f, false, w.Up, _d, false, dy, _d, add: true, Rounded);
        NormKernels.Backward(kept.Middle, w.Norm2, kept.Scale2, dy, dx, dx, memory.Wanted(g.Norm2), n, _d);
    }

    // Attention: x' = x + Wo attend(turn(Wqkv norm1(x))), from the gradient of attention's result on.
    private void AttendBackward(LayerWeights w, LayerWeights g, LayerTape kept, BackwardMemory memory, int batch, int length)
    {
        int n = batch * length;
        float* dx = memory.DStream, y = memory.Normed, dy = memory.DNormed, dQkv = memory.DQkv;
        AttentionKernels.Backward(kept.Qkv, kept.Mixed, kept.LogSums, dy, dQkv, batch, length, _heads, _size, IsCausal, Rounded);
        Turn(dQkv, n, length, -1);
        NormKernels.Apply(kept.Input, w.Norm1, kept.Scale1, y, n, _d);
        AddWeightGradient(g.Qkv, dQkv, 3 * _d, y, _d, n);
        MatrixProduct.Multiply(n, _d, 3 * _d, dQkv, 3 * _d, false, w.Qkv, _d, false, dy, _d, rounded: Rounded);
        NormKernels.Backward(kept.Input, w.Norm1, kept.Scale1, dy, dx, dx, memory.Wanted(g.Norm1), n, _d);
    }

    private void AddWeightGradient(float* gradient, float* dy, int outputs, float* x, int inputs, int rows)
    {
        if (gradient is null)
            return;
        MatrixProduct.Multiply(outputs, inputs, rows, dy, outputs, true, x, inputs, false, gradient, inputs, add: true, Rounded);
    }

    private void Embed(float* embedding, long[] tokens, float* x)
    {
        fixed (long* ids = tokens)
            EmbeddingKernels.Gather(embedding, ids, x, tokens.Length, _d);
    }

    // Middle = input + attention's projected result.
    private void Attend(LayerWeights w, LayerTape kept, float* normed, int batch, int length)
    {
        int n = batch * length;
        Project(w, kept, normed, n, length);
        AttentionKernels.Forward(kept.Qkv, kept.Mixed, kept.LogSums, batch, length, _heads, _size, IsCausal, Rounded);
        RoundAll(kept.Mixed, (long)n * _d);
        AddTo(kept.Input, kept.Mixed, _d, w.Projection, kept.Middle, n);
    }

    // To = middle + the feed-forward layers' result.
    private void FeedForward(LayerWeights w, LayerTape kept, float* normed, float* product, float* to, int n)
    {
        Expand(w, kept, normed, n);
        GateKernels.Forward(kept.Gate, kept.Up, product, (long)n * _f);
        AddTo(kept.Middle, product, _f, w.Down, to, n);
    }

    /// <summary>A block's forward pass up to the gate once more, without attention, whose result was kept.</summary>
    private void Recompute(LayerWeights w, LayerTape kept, float* normed, ForwardTape tape, bool places)
    {
        int n = tape.Batch * tape.Length;
        if (places)
        {
            ProjectAsked(w, kept, normed, tape);
            ContinueAsked(w, kept, tape);
            Expand(w, kept, normed, tape.Places!.Length);
            return;
        }
        Project(w, kept, normed, n, tape.Length);
        AddTo(kept.Input, kept.Mixed, _d, w.Projection, kept.Middle, n);
        Expand(w, kept, normed, n);
    }

    /// <summary>Queries and keys, which are turned by their positions, and values of the normed states.</summary>
    private void Project(LayerWeights w, LayerTape kept, float* normed, int n, int length)
    {
        NormKernels.Forward(kept.Input, w.Norm1, config.NormEpsilon, normed, kept.Scale1, n, _d);
        MatrixProduct.Multiply(n, 3 * _d, _d, normed, _d, false, w.Qkv, _d, true, kept.Qkv, 3 * _d, rounded: Rounded);
        Turn(kept.Qkv, n, length, 1);
        RoundAll(kept.Qkv, 3L * n * _d);
    }

    /// <summary>The two products of the normed states that the gate multiplies.</summary>
    private void Expand(LayerWeights w, LayerTape kept, float* normed, int n)
    {
        NormKernels.Forward(kept.Middle, w.Norm2, config.NormEpsilon, normed, kept.Scale2, n, _d);
        MatrixProduct.Multiply(n, _f, _d, normed, _d, false, w.Gate, _d, true, kept.Gate, _f, rounded: Rounded);
        MatrixProduct.Multiply(n, _f, _d, normed, _d, false, w.Up, _d, true, kept.Up, _f, rounded: Rounded);
        RoundAll(kept.Gate, (long)n * _f);
        RoundAll(kept.Up, (long)n * _f);
    }

    /// <summary>to = residual + x W^T.</summary>
    private void AddTo(float* residual, float* x, int inputs, float* weight, float* to, int n)
    {
        if (to != residual)
        {
            Workers.Rows(n, 256, (first, last) =>
            {
                long at = (long)first * _d;
                int count = (last - first) * _d;
                new ReadOnlySpan<float>(residual + at, count).CopyTo(new Span<float>(to + at, count));
            });
        }
        MatrixProduct.Multiply(n, _d, inputs, x, inputs, false, weight, inputs, true, to, _d, add: true, Rounded);
    }

    // What the tape keeps in bfloat16 is rounded where it is computed, so that it has the same bits whether it is kept or computed again.
    private void RoundAll(float* values, long count)
    {
        if (Rounded)
            BFloat16Kernels.RoundAll(values, count);
    }

    private void Turn(float* qkv, int rows, int length, float direction)
    {
        fixed (float* cos = rotary.Cosines, sin = rotary.Sines)
            RotaryKernels.Turn(qkv, cos, sin, rows, length, _heads, _size, direction);
    }
}
