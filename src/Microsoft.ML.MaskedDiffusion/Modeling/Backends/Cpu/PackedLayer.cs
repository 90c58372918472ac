using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>One block's matrices, packed for the products of inference; blocks may use the same memory one after the other.</summary>
internal sealed unsafe class PackedLayer
{
    private readonly BufferPool _pool;
    private readonly float* _memory;
    private readonly bool _rounded;
    private readonly int _heads;
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
        (_d, _f, _heads) = (config.EmbeddingSize, config.FeedForwardSize, config.HeadCount);
        _memory = memory;
    }

    /// <summary>Queries, keys and values, head by head; not after <see cref="PackApart"/>.</summary>
    public PackedMatrix Qkv { get; private set; }

    /// <summary>Keys and values alone, head by head; only after <see cref="PackApart"/>.</summary>
    public PackedMatrix KeysAndValues { get; private set; }

    /// <summary>Queries alone; only after <see cref="PackApart"/>.</summary>
    public PackedMatrix Queries { get; private set; }

    public PackedMatrix Projection { get; private set; }

    public PackedMatrix Gate { get; private set; }

    public PackedMatrix Up { get; private set; }

    public PackedMatrix Down { get; private set; }

    /// <summary>Floats of a packed block.</summary>
    public static long Size(TransformerConfig config)
    {
        int d = config.EmbeddingSize, f = config.FeedForwardSize;
        long attention = PackedMatrix.Size(2 * d, d) + 2 * PackedMatrix.Size(d, d);
        return attention + 2 * PackedMatrix.Size(f, d) + PackedMatrix.Size(d, f);
    }

    /// <summary>Packs the block's matrices.</summary>
    public void Pack(LayerWeights weights)
    {
        float* at = _memory;
        Qkv = Next(weights.Qkv, 3 * _d, _d, ref at);
        PackRest(weights, at);
    }

    /// <summary>Packs the block's matrices, the queries' apart from that of keys and values.</summary>
    public void PackApart(LayerWeights weights)
    {
        using PooledBuffer ordered = _pool.Rent(3L * _d * _d);
        float* queries = ordered.Pointer, others = queries + (long)_d * _d, at = _memory;
        HeadOrder.Split(weights.Qkv, queries, others, _heads, _d);
        Queries = Next(queries, _d, _d, ref at);
        KeysAndValues = Next(others, 2 * _d, _d, ref at);
        PackRest(weights, at);
    }

    private void PackRest(LayerWeights weights, float* at)
    {
        Projection = Next(weights.Projection, _d, _d, ref at);
        Gate = Next(weights.Gate, _f, _d, ref at);
        Up = Next(weights.Up, _f, _d, ref at);
        Down = Next(weights.Down, _d, _f, ref at);
    }

    private PackedMatrix Next(float* weight, int n, int k, ref float* at)
    {
        var packed = new PackedMatrix(weight, n, k, at, _rounded);
        at += PackedMatrix.Size(n, k);
        return packed;
    }
}
