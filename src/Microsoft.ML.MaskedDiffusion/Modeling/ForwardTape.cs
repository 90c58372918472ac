using Microsoft.ML.MaskedDiffusion.Numerics;

namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <summary>
/// What the backward pass of one forward pass needs. Plain, the activations of every block. With recomputation only a block's input and its attention's result (so
/// that attention need not run twice); rounded, the products' results in bfloat16. What is not kept as it is stands in memory that all blocks share.
/// </summary>
internal sealed unsafe class ForwardTape : IDisposable
{
    private readonly List<PooledBuffer> _buffers = [];
    private readonly PackedActivations[] _packed;
    private readonly long _width;
    private readonly long _inner;

    public ForwardTape(BufferPool pool, TransformerConfig config, long[] tokens, int batch, int length, bool rounded, bool recomputes)
    {
        long n = (long)batch * length, d = n * config.EmbeddingSize, f = n * config.FeedForwardSize, heads = n * config.HeadCount;
        (_width, _inner) = (d, f);
        Tokens = tokens;
        Batch = batch;
        Length = length;
        Rounded = rounded;
        Recomputes = recomputes;
        Layers = new LayerTape[config.LayerCount];
        _packed = new PackedActivations[config.LayerCount];
        bool keeps = !recomputes, whole = keeps && !rounded, packs = keeps && rounded;
        float* scale1 = null, qkv = null, mixed = null, middle = null, scale2 = null, gate = null, up = null;
        for (int i = 0; i < Layers.Length; i++)
        {
            Layers[i] = new LayerTape(Rent(pool, d), Place(pool, keeps, ref scale1, n), Place(pool, whole, ref qkv, 3 * d), Rent(pool, heads), Place(pool, !rounded, ref mixed, d),
                Place(pool, keeps, ref middle, d), Place(pool, keeps, ref scale2, n), Place(pool, whole, ref gate, f), Place(pool, whole, ref up, f));
            _packed[i] = new PackedActivations(Halves(pool, packs, 3 * d), Halves(pool, rounded, d), Halves(pool, packs, f), Halves(pool, packs, f));
        }
        Last = Rent(pool, d);
        LastScale = Rent(pool, n);
    }

    public long[] Tokens { get; }

    public int Batch { get; }

    public int Length { get; }

    /// <summary>Whether products had bfloat16 operands.</summary>
    public bool Rounded { get; }

    /// <summary>Whether the backward pass has to compute again what stands in shared memory.</summary>
    public bool Recomputes { get; }

    /// <summary>Where each block's activations are, or are to be put before its backward pass.</summary>
    public LayerTape[] Layers { get; }

    /// <summary>The residual stream after the last block.</summary>
    public float* Last { get; }

    /// <summary>The final norm's factors.</summary>
    public float* LastScale { get; }

    /// <summary>Whether the backward pass has been run and the memory given back.</summary>
    public bool IsUsed => _buffers.Count == 0;

    /// <summary>Puts away what a block left in shared memory and is kept in bfloat16.</summary>
    public void Pack(int layer)
    {
        LayerTape from = Layers[layer];
        PackedActivations to = _packed[layer];
        if (to.Qkv is not null) BFloat16Kernels.Narrow(from.Qkv, to.Qkv, 3 * _width);
        if (to.Mixed is not null) BFloat16Kernels.Narrow(from.Mixed, to.Mixed, _width);
        if (to.Gate is not null) BFloat16Kernels.Narrow(from.Gate, to.Gate, _inner);
        if (to.Up is not null) BFloat16Kernels.Narrow(from.Up, to.Up, _inner);
    }

    /// <summary>Brings back what <see cref="Pack"/> put away.</summary>
    public void Unpack(int layer)
    {
        LayerTape to = Layers[layer];
        PackedActivations from = _packed[layer];
        if (from.Qkv is not null) BFloat16Kernels.Widen(from.Qkv, to.Qkv, 3 * _width);
        if (from.Mixed is not null) BFloat16Kernels.Widen(from.Mixed, to.Mixed, _width);
        if (from.Gate is not null) BFloat16Kernels.Widen(from.Gate, to.Gate, _inner);
        if (from.Up is not null) BFloat16Kernels.Widen(from.Up, to.Up, _inner);
    }

    public void Dispose()
    {
        foreach (PooledBuffer buffer in _buffers) buffer.Dispose();
        _buffers.Clear();
    }

    private float* Rent(BufferPool pool, long count)
    {
        PooledBuffer buffer = pool.Rent(count);
        _buffers.Add(buffer);
        return buffer.Pointer;
    }

    private float* Place(BufferPool pool, bool own, ref float* shared, long count) => own ? Rent(pool, count) : shared is not null ? shared : shared = Rent(pool, count);

    private ushort* Halves(BufferPool pool, bool wanted, long count) => wanted ? (ushort*)Rent(pool, (count + 1) / 2) : null;
}
