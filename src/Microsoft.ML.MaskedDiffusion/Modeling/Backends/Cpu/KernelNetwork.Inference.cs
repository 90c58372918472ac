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
    /// Writes the states that the output layer reads, [places, d], at the places row * length + position, which ascend (null: all places).
    /// At the other places the last block computes only keys and values.
    /// </summary>
    public void Infer(NetworkWeights weights, TokenRows tokens, long[]? asked, float* states)
    {
        int batch = tokens.Count, length = tokens.Length, n = batch * length;
        int whole = asked is null ? weights.Layers.Length : weights.Layers.Length - 1;
        using PooledBuffer stream = pool.Rent((long)n * _d);
        WeightForm form = weights.Embedding.Form;
        using PooledBuffer matrices = pool.Rent(PackedLayer.Size(config, form));
        var packed = new PackedLayer(pool, config, Rounded, form, matrices.Pointer);
        var slots = new long[n];
        using PooledBuffer? first = whole == 0 ? null : FirstProjections(weights, tokens.Ids, slots);
        float* x = stream.Pointer, projections = first is null ? null : first.Pointer;
        _places.Embed(weights, tokens.Ids, x);
        for (int i = 0; i < whole; i++)
        {
            int layer = i;
            packed.Pack(weights.Layers[i]);
            ForChunks(batch, length, (item, items) =>
            {
                long start = (long)item * length;
                fixed (long* slot = slots)
                {
                    Block(
                        weights.Layers[layer], Reach(layer, Attention, tokens.Blocks), layer, packed, x + start * _d,
                        layer == 0 ? projections : null, slot + start, items, length);
                }
            });
        }
        if (asked is null)
        {
            Finish(weights, null, x, states, n);
            return;
        }
        fixed (long* places = asked)
            LastBlock(weights, packed, x, tokens, places, asked.Length, states);
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
        int n = distinct.Count, width = _heads.ProjectionWidth;
        PooledBuffer result = pool.Rent((long)n * width);
        using PooledBuffer states = pool.Rent((long)n * _d);
        LayerWeights layer = weights.Layers[0];
        float* x = states.Pointer;
        _places.Embed(weights, [.. distinct], x);
        float* from = _places.NormFirst(layer, x, x, null, n);
        layer.Qkv.Multiply(n, width, _d, from, result.Pointer, Rounded);
        _places.FinishFused(layer, result.Pointer, n);
        return result;
    }

    // The projections, if there are any, replace the first product.
    private void Block(
        LayerWeights w, AttentionReach reach, int layer, PackedLayer packed, float* x, float* projections, long* slots, int batch,
        int length)
    {
        int n = batch * length, width = _heads.ProjectionWidth, mixed = _heads.QueryWidth;
        using PooledBuffer normed = pool.Rent((long)n * Math.Max(_d, mixed)), product = pool.Rent((long)n * width);
        float* y = normed.Pointer, qkv = product.Pointer;
        if (projections is not null)
        {
            EmbeddingKernels.Gather(projections, slots, qkv, n, width);
        }
        else
        {
            packed.Qkv.Multiply(n, _places.NormFirst(w, x, y, null, n), _d, qkv, width);
            _places.FinishFused(w, qkv, n);
        }
        Turn(qkv, _heads.FusedQueriesAndKeys, layer, null, n, PositionCount(length), 1);
        RoundAll(qkv, (long)n * width);
        AttentionKernels.Forward(qkv, y, null, batch, length, _heads, reach, Rounded);
        RoundAll(y, (long)n * mixed);
        packed.Projection.Multiply(n, y, mixed, x, _d, add: true);
        FeedForward(w, packed, x, y, n);
    }

    private void FeedForward(LayerWeights w, PackedLayer packed, float* x, float* y, int n)
    {
        using PooledBuffer first = pool.Rent((long)n * _f), second = pool.Rent((long)n * _f);
        float* gate = first.Pointer, up = second.Pointer;
        _places.Norm(x, w.Norm2, y, null, n);
        packed.Gate.Multiply(n, y, _d, gate, _f);
        packed.Up.Multiply(n, y, _d, up, _f);
        RoundAll(gate, (long)n * _f);
        RoundAll(up, (long)n * _f);
        _places.Gate(gate, up, gate, (long)n * _f);
        packed.Down.Multiply(n, gate, _f, x, _d, add: true);
    }

    /// <summary>The last block and the final norm at the asked places; only keys and values are computed at all places.</summary>
    private void LastBlock(
        NetworkWeights weights, PackedLayer packed, float* x, TokenRows tokens, long* asked, int askedCount, float* states)
    {
        LayerWeights layer = weights.Layers[^1];
        AttentionReach reach = Reach(LastLayer, Attention, tokens.Blocks);
        int length = tokens.Length;
        int width = _heads.QueryWidth;
        using PooledBuffer chosen = pool.Rent((long)askedCount * _d), mixtures = pool.Rent((long)askedCount * width);
        float* residual = chosen.Pointer, mixed = mixtures.Pointer;
        packed.PackApart(layer);
        ForChunks(tokens.Count, length, (item, items) =>
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
                AttendAt(layer, reach, packed, x + start * _d, items, length, at, count, mixed + (long)from * width);
            }
        });
        FinishAsked(layer, packed, residual, mixed, states, askedCount);
        Finish(weights, null, residual, states, askedCount);
    }

    // The rest of the last block, given attention's results. Where the states will be is room for their norms.
    private void FinishAsked(LayerWeights w, PackedLayer packed, float* residual, float* mixed, float* states, int asked)
    {
        int width = _heads.QueryWidth;
        for (int from = 0; from < asked; from += SharedChunk)
        {
            int n = Math.Min(SharedChunk, asked - from);
            float* to = residual + (long)from * _d;
            packed.Projection.Multiply(n, mixed + (long)from * width, width, to, _d, add: true);
            FeedForward(w, packed, to, states + (long)from * _d, n);
        }
    }

    /// <summary>Attention's result at the places of a chunk, before its projection.</summary>
    private void AttendAt(
        LayerWeights w, AttentionReach reach, PackedLayer packed, float* x, int batch, int length, long* places, int count, float* mixed)
    {
        int n = batch * length, width = _heads.QueryWidth, others = _heads.KeyValueWidth;
        int[] starts = Starts(new ReadOnlySpan<long>(places, count), batch, length);
        using PooledBuffer normed = pool.Rent((long)n * _d), product = pool.Rent((long)n * others);
        using PooledBuffer turned = pool.Rent((long)count * width);
        float* keyValues = product.Pointer, query = turned.Pointer, y = _places.NormFirst(w, x, normed.Pointer, null, n);
        ProjectKeyValues(w, packed, y, keyValues, n);
        Turn(keyValues, _heads.Keys, LastLayer, null, n, PositionCount(length), 1);
        ProjectQueries(w, packed, y, places, query, count);
        Turn(query, _heads.Queries, LastLayer, places, count, PositionCount(length), 1);
        RoundAll(keyValues, (long)n * others);
        RoundAll(query, (long)count * width);
        AttentionKernels.ForwardAt(query, keyValues, mixed, null, places, starts, length, _heads, reach, Rounded);
        RoundAll(mixed, (long)count * width);
    }

    // Keys and values [rows, keys and values] of the last block before they are turned.
    private void ProjectKeyValues(LayerWeights w, PackedLayer packed, float* normed, float* keyValues, int rows)
    {
        packed.KeysAndValues.Multiply(rows, normed, _d, keyValues, _heads.KeyValueWidth);
        PlaceArithmetic.AddBias(keyValues, packed.KeyValueBias, rows, _heads.KeyValueWidth);
        _places.NormKeys(w, keyValues, rows);
    }

    // Queries [count, query width] of the last block at some places before they are turned.
    private void ProjectQueries(LayerWeights w, PackedLayer packed, float* normed, long* places, float* queries, int count)
    {
        using PooledBuffer gathered = pool.Rent((long)count * _d);
        EmbeddingKernels.Gather(normed, places, gathered.Pointer, count, _d);
        packed.Queries.Multiply(count, gathered.Pointer, _d, queries, _heads.QueryWidth);
        PlaceArithmetic.AddBias(queries, packed.QueryBias, count, _heads.QueryWidth);
        _places.NormQueries(w, queries, count);
    }

    // A text that stands in a row twice has its positions twice.
    private int PositionCount(int length) => Attention?.TextLength ?? length;

    private static int FirstFrom(long* ascending, int count, long value)
    {
        int at = new ReadOnlySpan<long>(ascending, count).BinarySearch(value);
        return at < 0 ? ~at : at;
    }
}
