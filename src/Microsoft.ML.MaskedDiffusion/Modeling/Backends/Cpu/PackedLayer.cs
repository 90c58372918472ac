using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>One block's matrices, packed for the products of inference; blocks may use the same memory one after the other.</summary>
internal sealed unsafe class PackedLayer : IDisposable
{
    private readonly BufferPool _pool;
    private readonly PooledBuffer _memory;
    private readonly bool _rounded;
    private readonly int _heads;
    private readonly int _d;
    private readonly int _f;

    public PackedLayer(BufferPool pool, TransformerConfig config, bool rounded)
    {
        _pool = pool;
        _rounded = rounded;
        (_d, _f, _heads) = (config.EmbeddingSize, config.FeedForwardSize, config.HeadCount);
        long attention = PackedMatrix.Size(2 * _d, _d) + 2 * PackedMatrix.Size(_d, _d);
        _memory = pool.Rent(attention + 2 * PackedMatrix.Size(_f, _d) + PackedMatrix.Size(_d, _f));
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

    /// <summary>Packs the block's matrices.</summary>
    public void Pack(LayerWeights weights)
    {
        float* at = _memory.Pointer;
        Qkv = Next(weights.Qkv, 3 * _d, _d, ref at);
        PackRest(weights, at);
    }

    /// <summary>Packs the block's matrices, the queries' apart from that of keys and values.</summary>
    public void PackApart(LayerWeights weights)
    {
        int part = _d / _heads * _d;
        using PooledBuffer ordered = _pool.Rent(3L * _d * _d);
        float* queries = ordered.Pointer, others = queries + (long)_d * _d, at = _memory.Pointer, from = weights.Qkv;
        for (int head = 0; head < _heads; head++, from += 3L * part)
        {
            new ReadOnlySpan<float>(from, part).CopyTo(new Span<float>(queries + (long)head * part, part));
            new ReadOnlySpan<float>(from + part, 2 * part).CopyTo(new Span<float>(others + 2L * head * part, 2 * part));
        }
        Queries = Next(queries, _d, _d, ref at);
        KeysAndValues = Next(others, 2 * _d, _d, ref at);
        PackRest(weights, at);
    }

    public void Dispose() => _memory.Dispose();

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
