using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>
/// One block's matrices, packed for the products of inference; blocks may use the same memory one after the other. Matrices of narrow
/// numbers stay where they are, but for queries, keys and values that are wanted apart, which are copied as they are.
/// </summary>
internal sealed unsafe class PackedLayer
{
    private readonly BufferPool _pool;
    private readonly float* _memory;
    private readonly bool _rounded;
    private readonly WeightForm _form;
    private readonly HeadLayout _heads;
    private readonly int _d;
    private readonly int _f;

    /// <param name="pool">Lends memory for the time of packing.</param>
    /// <param name="config">The network's shape.</param>
    /// <param name="rounded">Whether products round their operands to bfloat16.</param>
    /// <param name="form">The matrices' form.</param>
    /// <param name="memory">Where <see cref="Size"/> floats are, which the caller keeps.</param>
    public PackedLayer(BufferPool pool, TransformerConfig config, bool rounded, WeightForm form, float* memory)
    {
        _pool = pool;
        _rounded = rounded;
        _form = form;
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
    public static long Size(TransformerConfig config, WeightForm form)
    {
        int d = config.EmbeddingSize, f = config.FeedForwardSize;
        HeadLayout heads = HeadOrder.LayoutOf(config);
        long bias = config.HasAttentionBias ? PooledBuffer.Room(heads.ProjectionWidth) : 0;
        if (form != WeightForm.Float32)
            return bias + NarrowSize(form, heads, d);
        return bias + PackedMatrix.Size(heads.KeyValueWidth, d) + PackedMatrix.Size(heads.QueryWidth, d)
            + PackedMatrix.Size(d, heads.QueryWidth) + 2 * PackedMatrix.Size(f, d) + PackedMatrix.Size(d, f);
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
        float* at = _memory;
        switch (_form)
        {
            case WeightForm.BFloat16:
                SplitBFloat16(weights.Qkv, ref at);
                break;
            case WeightForm.Int8:
                SplitInt8(weights.Qkv, ref at);
                break;
            default:
                PackSplit(weights, ref at);
                break;
        }
        at = PackRest(weights, at);
        if (weights.Bias is null)
            return;
        QueryBias = at;
        KeyValueBias = at + _heads.QueryWidth;
        HeadOrder.Split(weights.Bias, QueryBias, KeyValueBias, _heads, 1);
    }

    // Queries, keys and values apart; those of 8 bits with their scales.
    private static long NarrowSize(WeightForm form, HeadLayout heads, int d)
    {
        long count = (long)heads.ProjectionWidth * d;
        return form == WeightForm.BFloat16
            ? PooledBuffer.Room((count + 1) / 2) : PooledBuffer.Room((count + 3) / 4) + PooledBuffer.Room(heads.ProjectionWidth);
    }

    private void PackSplit(LayerWeights weights, ref float* at)
    {
        using PooledBuffer ordered = _pool.Rent((long)_heads.ProjectionWidth * _d);
        float* queries = ordered.Pointer, others = queries + (long)_heads.QueryWidth * _d;
        HeadOrder.Split(weights.Qkv.Floats, queries, others, _heads, _d);
        Queries = Next(queries, _heads.QueryWidth, _d, ref at);
        KeysAndValues = Next(others, _heads.KeyValueWidth, _d, ref at);
    }

    private void SplitBFloat16(WeightMatrix fused, ref float* at)
    {
        ushort* queries = (ushort*)at, others = queries + (long)_heads.QueryWidth * _d;
        HeadOrder.Split(fused.BFloat16, queries, others, _heads, _d);
        SetApart(new WeightMatrix(queries), new WeightMatrix(others), ref at);
    }

    private void SplitInt8(WeightMatrix fused, ref float* at)
    {
        sbyte* queries = (sbyte*)at, others = queries + (long)_heads.QueryWidth * _d;
        float* scales = at + PooledBuffer.Room(((long)_heads.ProjectionWidth * _d + 3) / 4), otherScales = scales + _heads.QueryWidth;
        HeadOrder.Split(fused.Int8, queries, others, _heads, _d);
        HeadOrder.Split(fused.Scales, scales, otherScales, _heads, 1);
        SetApart(new WeightMatrix(queries, scales), new WeightMatrix(others, otherScales), ref at);
    }

    private void SetApart(WeightMatrix queries, WeightMatrix others, ref float* at)
    {
        at += NarrowSize(_form, _heads, _d);
        Queries = Next(queries, _heads.QueryWidth, _d, ref at);
        KeysAndValues = Next(others, _heads.KeyValueWidth, _d, ref at);
    }

    private float* PackRest(LayerWeights weights, float* at)
    {
        Projection = Next(weights.Projection, _d, _heads.QueryWidth, ref at);
        Gate = Next(weights.Gate, _f, _d, ref at);
        Up = Next(weights.Up, _f, _d, ref at);
        Down = Next(weights.Down, _d, _f, ref at);
        return at;
    }

    private PackedMatrix Next(WeightMatrix weight, int n, int k, ref float* at)
    {
        var packed = new PackedMatrix(weight, n, k, at, _rounded);
        at += PackedMatrix.Size(n, k, weight.IsNarrow);
        return packed;
    }
}
