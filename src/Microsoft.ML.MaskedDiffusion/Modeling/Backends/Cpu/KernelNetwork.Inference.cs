using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <content>
/// Inference keeps nothing for a backward pass and leaves out what no asked position needs. Rows go through a block in chunks. If there are
/// many chunks, each thread works on one of its own; if there are few, all threads share the work of each kernel. A position's result has
/// the same bits either way, whatever else is asked.
/// </content>
internal sealed unsafe partial class KernelNetwork
{
    // Tokens of a chunk that one thread works on: few enough for its activations to stay in the cache.
    private const int OwnChunk = 240;

    // Tokens of a chunk that all threads work on.
    private const int SharedChunk = 2048;

    /// <summary>
    /// Writes the states after the final norm, [places, d], at the places row * length + position, which ascend (null: all places). At the
    /// other places the last block computes only keys and values.
    /// </summary>
    public void Infer(NetworkWeights weights, TokenRows tokens, long[]? asked, float* states)
    {
        int batch = tokens.Count, length = tokens.Length, n = batch * length;
        int whole = asked is null ? weights.Layers.Length : weights.Layers.Length - 1;
        using PooledBuffer stream = pool.Rent((long)n * _d);
        using PooledBuffer matrices = pool.Rent(PackedLayer.Size(config));
        var packed = new PackedLayer(pool, config, Rounded, matrices.Pointer);
        var slots = new long[n];
        using PooledBuffer? first = whole == 0 ? null : FirstProjections(weights, tokens.Ids, slots);
        float* x = stream.Pointer, projections = first is null ? null : first.Pointer;
        Embed(weights.Embedding, tokens.Ids, x);
        for (int i = 0; i < whole; i++)
        {
            LayerWeights layer = weights.Layers[i];
            packed.Pack(layer);
            bool gathers = i == 0;
            ForChunks(batch, length, (item, items) =>
            {
                long start = (long)item * length;
                fixed (long* slot = slots)
                    Block(layer, packed, x + start * _d, gathers ? projections : null, slot + start, items, length);
            });
        }
        if (asked is null)
        {
            NormKernels.Forward(x, weights.FinalNorm, config.NormEpsilon, states, null, n, _d);
            return;
        }
        fixed (long* places = asked)
            LastBlock(weights, packed, x, batch, length, places, asked.Length, states);
    }

    private static void ForChunks(int batch, int length, Action<int, int> body)
    {
        bool own = (long)batch * length >= 4L * Workers.Count * OwnChunk;
        int items = Math.Clamp((own ? OwnChunk : SharedChunk) / length, 1, batch), chunks = (batch + items - 1) / items;
        void Run(int chunk) => body(chunk * items, Math.Min(items, batch - chunk * items));
        if (own)
        {
            Workers.Run(chunks, Run);
            return;
        }
        for (int chunk = 0; chunk < chunks; chunk++)
            Run(chunk);
    }

    /// <summary>
    /// The first block's queries, keys and values depend on the token alone until they are turned by the position: they are computed once
    /// for each distinct token, and <paramref name="slots"/> gets the row of the result that each place uses.
    /// </summary>
    private PooledBuffer FirstProjections(NetworkWeights weights, long[] tokens, long[] slots)
    {
        var distinct = new List<long>();
        var slotOf = new Dictionary<long, int>();
        for (int i = 0; i < slots.Length; i++)
        {
            if (!slotOf.TryGetValue(tokens[i], out int slot))
            {
                slotOf.Add(tokens[i], slot = distinct.Count);
                distinct.Add(tokens[i]);
            }
            slots[i] = slot;
        }
        int n = distinct.Count;
        PooledBuffer result = pool.Rent(3L * n * _d);
        using PooledBuffer states = pool.Rent((long)n * _d);
        LayerWeights layer = weights.Layers[0];
        Embed(weights.Embedding, [.. distinct], states.Pointer);
        float* x = states.Pointer;
        NormKernels.Forward(x, layer.Norm1, config.NormEpsilon, x, null, n, _d);
        MatrixProduct.Multiply(n, 3 * _d, _d, x, _d, false, layer.Qkv, _d, true, result.Pointer, 3 * _d, rounded: Rounded);
        return result;
    }

    // The projections, if there are any, replace the first product.
    private void Block(LayerWeights w, PackedLayer packed, float* x, float* projections, long* slots, int batch, int length)
    {
        int n = batch * length;
        using PooledBuffer normed = pool.Rent((long)n * _d), product = pool.Rent(3L * n * _d);
        float* y = normed.Pointer, qkv = product.Pointer;
        if (projections is not null)
        {
            EmbeddingKernels.Gather(projections, slots, qkv, n, 3 * _d);
        }
        else
        {
            NormKernels.Forward(x, w.Norm1, config.NormEpsilon, y, null, n, _d);
            packed.Qkv.Multiply(n, y, _d, qkv, 3 * _d);
        }
        Turn(qkv, n, length, 1);
        RoundAll(qkv, 3L * n * _d);
        AttentionKernels.Forward(qkv, y, null, batch, length, _heads, _size, IsCausal, Rounded);
        RoundAll(y, (long)n * _d);
        packed.Projection.Multiply(n, y, _d, x, _d, add: true);
        FeedForward(w, packed, x, y, n);
    }

    private void FeedForward(LayerWeights w, PackedLayer packed, float* x, float* y, int n)
    {
        using PooledBuffer first = pool.Rent((long)n * _f), second = pool.Rent((long)n * _f);
        float* gate = first.Pointer, up = second.Pointer;
        NormKernels.Forward(x, w.Norm2, config.NormEpsilon, y, null, n, _d);
        packed.Gate.Multiply(n, y, _d, gate, _f);
        packed.Up.Multiply(n, y, _d, up, _f);
        RoundAll(gate, (long)n * _f);
        RoundAll(up, (long)n * _f);
        GateKernels.Forward(gate, up, gate, (long)n * _f);
        packed.Down.Multiply(n, gate, _f, x, _d, add: true);
    }

    /// <summary>The last block and the final norm at the asked places; only keys and values are computed at all places.</summary>
    private void LastBlock(
        NetworkWeights weights, PackedLayer packed, float* x, int batch, int length, long* asked, int askedCount, float* states)
    {
        LayerWeights layer = weights.Layers[^1];
        using PooledBuffer chosen = pool.Rent((long)askedCount * _d), mixtures = pool.Rent((long)askedCount * _d);
        float* residual = chosen.Pointer, mixed = mixtures.Pointer;
        packed.PackApart(layer);
        ForChunks(batch, length, (item, items) =>
        {
            long start = (long)item * length;
            int from = FirstFrom(asked, askedCount, start);
            int count = FirstFrom(asked, askedCount, start + (long)items * length) - from;
            if (count == 0)
                return;
            var places = new long[count];
            for (int i = 0; i < count; i++)
                places[i] = asked[from + i] - start;
            fixed (long* at = places)
            {
                EmbeddingKernels.Gather(x + start * _d, at, residual + (long)from * _d, count, _d);
                AttendAt(layer, packed, x + start * _d, items, length, at, count, mixed + (long)from * _d);
            }
        });
        for (int from = 0; from < askedCount; from += SharedChunk)
        {
            int n = Math.Min(SharedChunk, askedCount - from);
            float* to = residual + (long)from * _d, attended = mixed + (long)from * _d;
            packed.Projection.Multiply(n, attended, _d, to, _d, add: true);
            FeedForward(layer, packed, to, attended, n);
        }
        NormKernels.Forward(residual, weights.FinalNorm, config.NormEpsilon, states, null, askedCount, _d);
    }

    /// <summary>Attention's result at the places of a chunk, before its projection.</summary>
    private void AttendAt(LayerWeights w, PackedLayer packed, float* x, int batch, int length, long* places, int count, float* mixed)
    {
        int n = batch * length;
        int[] starts = Starts(new ReadOnlySpan<long>(places, count), batch, length);
        using PooledBuffer normed = pool.Rent((long)n * _d), product = pool.Rent(2L * n * _d);
        using PooledBuffer gathered = pool.Rent((long)count * _d), turned = pool.Rent((long)count * _d);
        float* y = normed.Pointer, keyValues = product.Pointer, query = turned.Pointer;
        NormKernels.Forward(x, w.Norm1, config.NormEpsilon, y, null, n, _d);
        packed.KeysAndValues.Multiply(n, y, _d, keyValues, 2 * _d);
        EmbeddingKernels.Gather(y, places, gathered.Pointer, count, _d);
        packed.Queries.Multiply(count, gathered.Pointer, _d, query, _d);
        fixed (float* cos = rotary.Cosines, sin = rotary.Sines)
        {
            RotaryKernels.TurnPart(keyValues, 2 * _d, 2 * _size, cos, sin, null, n, length, _heads, _size, 1);
            RotaryKernels.TurnPart(query, _d, _size, cos, sin, places, count, length, _heads, _size, 1);
        }
        RoundAll(keyValues, 2L * n * _d);
        RoundAll(query, (long)count * _d);
        AttentionKernels.ForwardAt(query, keyValues, mixed, null, places, starts, length, _heads, _size, IsCausal, Rounded);
        RoundAll(mixed, (long)count * _d);
    }

    private static int FirstFrom(long* ascending, int count, long value)
    {
        int at = new ReadOnlySpan<long>(ascending, count).BinarySearch(value);
        return at < 0 ? ~at : at;
    }
}
