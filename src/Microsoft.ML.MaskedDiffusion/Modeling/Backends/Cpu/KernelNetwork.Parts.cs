using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <content>
/// Inference on parts of rows, with weights that were packed before. As in the inference on whole rows, parts go through a block in groups,
/// on which one thread each works if there are many of them, and a place has the same bits whatever else is computed.
/// </content>
internal sealed unsafe partial class KernelNetwork
{
    /// <summary>
    /// Writes the states at the asked places, [asked, d], and the keys and values of all places to the parts' caches.
    /// </summary>
    public void InferParts(SessionWeights weights, RaggedBatch batch, float* states)
    {
        int n = batch.Ids.Length, last = weights.Layers.Length - 1;
        if (n == 0)
            return;
        using PooledBuffer stream = pool.Rent((long)n * _d);
        float* x = stream.Pointer;
        _places.Embed(weights.Network, batch.Ids, x);
        (nint[]? rows, PooledBuffer? rest) = weights.First is null ? (null, null) : weights.First.Rows(batch.Ids);
        using (rest)
        {
            for (int i = 0; i < last; i++)
            {
                int layer = i;
                ForGroups(batch, (from, to) => BlockOfParts(weights, layer, batch, from, to, x, layer == 0 ? rows : null));
            }
        }
        LastBlockOfParts(weights, batch, x, states);
    }

    private static void ForGroups(RaggedBatch batch, Action<int, int> body)
    {
        List<(int First, int Last)> groups = batch.Groups(OwnChunk);
        int largest = groups.Count == 0 ? 0 : groups.Max(group => batch.Starts[group.Last] - batch.Starts[group.First]);
        // One long part would keep a thread busy after the others have ended.
        if (groups.Count >= 4 * Workers.Count && largest <= batch.Ids.Length / (2 * Workers.Count))
        {
            Workers.Run(groups.Count, group => body(groups[group].First, groups[group].Last));
            return;
        }
        foreach ((int first, int last) in batch.Groups(SharedChunk))
            body(first, last);
    }

    private void BlockOfParts(SessionWeights weights, int layer, RaggedBatch batch, int from, int to, float* stream, nint[]? projections)
    {
        LayerWeights w = weights.Network.Layers[layer];
        PackedLayer packed = weights.Layers[layer];
        int start = batch.Starts[from], n = batch.Starts[to] - start, width = _heads.ProjectionWidth, mixed = _heads.QueryWidth;
        using PooledBuffer normed = pool.Rent((long)n * Math.Max(_d, mixed)), product = pool.Rent((long)n * width);
        float* x = stream + (long)start * _d, y = normed.Pointer, qkv = product.Pointer;
        if (projections is not null)
        {
            Workers.Rows(n, 64, (first, end) =>
            {
                for (int row = first; row < end; row++)
                {
                    var to = new Span<float>(qkv + (long)row * width, width);
                    new ReadOnlySpan<float>((float*)projections[start + row], width).CopyTo(to);
                }
            });
        }
        else
        {
            packed.Qkv.Multiply(n, _places.NormFirst(w, x, y, null, n), _d, qkv, width);
            _places.FinishFused(w, qkv, n);
        }
        fixed (long* positions = &batch.Positions[start])
        {
            Turn(qkv, _heads.FusedQueriesAndKeys, layer, positions, n, config.ContextLength, 1);
            RoundAll(qkv, (long)n * width);
            AttentionPart[] parts = PartsOf(batch, layer, from, to, out PooledBuffer? panels);
            using (panels)
            {
                PanelAttentionKernels.Write(qkv + _heads.KeyOffset, _heads.FusedKeys, positions, parts);
                PanelAttentionKernels.Forward(qkv, _heads.FusedQueries, y, positions, parts, Reach(layer, Attention), Rounded);
            }
        }
        RoundAll(y, (long)n * mixed);
        packed.Projection.Multiply(n, y, mixed, x, _d, add: true);
        FeedForward(w, packed, x, y, n);
    }

    /// <summary>The last block and the final norm at the asked places; only keys and values are computed at all places.</summary>
    private void LastBlockOfParts(SessionWeights weights, RaggedBatch batch, float* x, float* states)
    {
        int asked = batch.Asked.Length;
        LayerWeights w = weights.Network.Layers[^1];
        PackedLayer packed = weights.Layers[^1];
        using PooledBuffer chosen = pool.Rent((long)asked * _d), mixtures = pool.Rent((long)asked * _heads.QueryWidth);
        float* residual = chosen.Pointer, mixed = mixtures.Pointer;
        ForGroups(batch, (from, to) => AttendAtParts(w, packed, batch, from, to, x, residual, mixed));
        if (asked == 0)
            return;
        FinishAsked(w, packed, residual, mixed, states, asked);
        Finish(weights.Network, weights, residual, states, asked);
    }

    // Keys and values of the parts' places, and at the asked ones the residual stream and attention's result before its projection.
    private void AttendAtParts(
        LayerWeights w, PackedLayer packed, RaggedBatch batch, int from, int to, float* stream, float* residual, float* mixed)
    {
        int start = batch.Starts[from], n = batch.Starts[to] - start;
        int askedFrom = batch.AskedStarts[from], asked = batch.AskedStarts[to] - askedFrom, others = _heads.KeyValueWidth;
        using PooledBuffer normed = pool.Rent((long)n * _d), product = pool.Rent((long)n * others);
        float* x = stream + (long)start * _d, keyValues = product.Pointer, y = _places.NormFirst(w, x, normed.Pointer, null, n);
        ProjectKeyValues(w, packed, y, keyValues, n);
        AttentionPart[] parts = PartsOf(batch, LastLayer, from, to, out PooledBuffer? panels);
        using (panels)
        {
            fixed (long* positions = &batch.Positions[start])
            {
                Turn(keyValues, _heads.Keys, LastLayer, positions, n, config.ContextLength, 1);
                RoundAll(keyValues, (long)n * others);
                PanelAttentionKernels.Write(keyValues, _heads.Keys, positions, parts);
            }
            if (asked == 0)
                return;
            using PooledBuffer turned = pool.Rent((long)asked * _heads.QueryWidth);
            float* query = turned.Pointer, result = mixed + (long)askedFrom * _heads.QueryWidth;
            var places = new long[asked];
            var askedPositions = new long[asked];
            for (int i = 0; i < asked; i++)
            {
                long place = batch.Asked[askedFrom + i];
                (places[i], askedPositions[i]) = (place - start, batch.Positions[place]);
            }
            for (int i = 0; i < parts.Length; i++)
            {
                int first = batch.AskedStarts[from + i];
                parts[i] = parts[i] with { First = first - askedFrom, Count = batch.AskedStarts[from + i + 1] - first };
            }
            fixed (long* at = places, positions = askedPositions)
            {
                EmbeddingKernels.Gather(x, at, residual + (long)askedFrom * _d, asked, _d);
                ProjectQueries(w, packed, y, at, query, asked);
                Turn(query, _heads.Queries, LastLayer, positions, asked, config.ContextLength, 1);
                RoundAll(query, (long)asked * _heads.QueryWidth);
                PanelAttentionKernels.Forward(query, _heads.Queries, result, positions, parts, Reach(LastLayer, Attention), Rounded);
            }
            RoundAll(result, (long)asked * _heads.QueryWidth);
        }
    }

    // Parts without a cache get panels for this layer alone.
    private AttentionPart[] PartsOf(RaggedBatch batch, int layer, int from, int to, out PooledBuffer? panels)
    {
        long room = 0;
        for (int i = from; i < to; i++)
        {
            if (batch.Parts[i].Cache is null)
                room += KeyValuePanels.Size(batch.Parts[i].KeyCount, _heads.Groups, _heads.Size);
        }
        panels = room == 0 ? null : pool.Rent(room);
        float* at = panels is null ? null : panels.Pointer;
        var parts = new AttentionPart[to - from];
        for (int i = from; i < to; i++)
        {
            SequencePart part = batch.Parts[i];
            KeyValuePanels own = part.Cache is KernelCache cache
                ? cache.Layer(layer)
                : new KeyValuePanels(at, part.KeyCount, _heads.Groups, _heads.Size);
            if (part.Cache is null)
                at += KeyValuePanels.Size(part.KeyCount, _heads.Groups, _heads.Size);
            int first = batch.Starts[i];
            parts[i - from] = new AttentionPart(
                own, first - batch.Starts[from], batch.Starts[i + 1] - first, part.KeyCount, part.Blocks);
        }
        return parts;
    }
}
