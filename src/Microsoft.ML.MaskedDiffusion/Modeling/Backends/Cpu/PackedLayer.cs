using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>One block's matrices, packed for the products of inference; blocks may use the same memory one after the other.</summary>
internal sealed unsafe class PackedLayer
{
    private readonly BufferPool _pool;
    private readonly float* _memory;
    private readonly bool _rounded;
    private readonly HeadLayout _heads;
    private readonly int _d;
    private readonly int _f;

    /// <param name="pool">Lends memory for the time of packing.</param>
    /// <param name="config">The network's shape.</param>
    /// <param name="rounded">Whether products round their operands to bfloat16.</param>
    /// <param name="memory">Where <see cref="Size"/> floats are, which the caller keeps.</param>
    public PackedLayer(BufferPool pool, TransformerConfig config, bool rounded, float* memory)
    {
        _pool = pool;
        _rounded = rounded;
        (_d, _f, _heads) = (config.EmbeddingSize, config.FeedForwardSize, HeadOrder.LayoutOf(config));
        _memory = memory;
    }

    /// <summary>Queries, keys and values, group by group; not after <see cref="PackApart"/>.</summary>
    public PackedMatrix Qkv { get; private set; }

    /// <summary>Keys and values alone, group by group; only after <see cref="PackApart"/>.</summary>
    public PackedMatrix KeysAndValues { get; private set; }

    /// <summary>Queries alone; only after <see cref="PackApart"/>.</summary>
    public PackedMatrix Queries { get; private set; }

    /// <summary>The bias of keys and values; only after <see cref="PackApart"/>, and null where there is none.</summary>
    public float* KeyValueBias { get; private set; }

    /// <summary>The bias of queries; only after <see cref="PackApart"/>, and null where there is none.</summary>
    public float* QueryBias { get; private set; }

    public PackedMatrix Projection { get; private set; }

    public PackedMatrix Gate { get; private set; }

    public PackedMatrix Up { get; private set; }

    public PackedMatrix Down { get; private set; }

    /// <summary>Floats of a packed block.</summary>
    public static long Size(TransformerConfig config)
    {
        int d = config.EmbeddingSize, f = config.FeedForwardSize;
        HeadLayout heads = HeadOrder.LayoutOf(config);
        long attention = PackedMatrix.Size(heads.KeyValueWidth, d) + PackedMatrix.Size(heads.QueryWidth, d)
            + PackedMatrix.Size(d, heads.QueryWidth);
        if (config.HasAttentionBias)
            attention += PooledBuffer.Room(heads.ProjectionWidth);
        return attention + 2 * PackedMatrix.Size(f, d) + PackedMatrix.Size(d, f);
    }

    /// <summary>Packs the block's matrices.</summary>
    public void Pack(LayerWeights weights)
    {
        float* at = _memory;
        Qkv = Next(weights.Qkv, _heads.ProjectionWidth, _d, ref at);
        PackRest(weights, at);
    }

    /// <summary>Packs the block's matrices, the queries' apart from that of keys and values.</summary>
    public void PackApart(LayerWeights weights)
    {
        int queryWidth = _heads.QueryWidth;
        using PooledBuffer ordered = _pool.Rent((long)_heads.ProjectionWidth * _d);
        float* queries = ordered.Pointer, others = queries + (long)queryWidth * _d, at = _memory;
        HeadOrder.Split(weights.Qkv, queries, others, _heads, _d);
        Queries = Next(queries, queryWidth, _d, ref at);
        KeysAndValues = Next(others, _heads.KeyValueWidth, _d, ref at);
        at = PackRest(weights, at);
        if (weights.Bias is null)
            return;
        QueryBias = at;
        KeyValueBias = at + queryWidth;
        HeadOrder.Split(weights.Bias, QueryBias, KeyValueBias, _heads, 1);
    }

    private float* PackRest(LayerWeights weights, float* at)
    {
        Projection = Next(weights.Projection, _d, _heads.QueryWidth, ref at);
        Gate = Next(weights.Gate, _f, _d, ref at);
        Up = Next(weights.Up, _f, _d, ref at);
        Down = Next(weights.Down, _d, _f, ref at);
        return at;
    }

    private PackedMatrix Next(float* weight, int n, int k, ref float* at)
    {
        var packed = new PackedMatrix(weight, n, k, at, _rounded);
        at += PackedMatrix.Size(n, k);
        return packed;
    }
}
