using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>
/// What the backward pass of one forward pass needs: the activations of every block. With recomputation only a block's input and its
/// attention's result are kept (so that attention need not run twice); with rounding the products' results are kept in bfloat16. All blocks
/// share the memory of what is not kept as it is.
/// </summary>
internal sealed unsafe class ForwardTape : IDisposable
{
    private readonly PackedActivations[] _packed;
    private readonly long _width;
    private readonly long _inner;
    private PooledBuffer? _memory;

    public ForwardTape(BufferPool pool, TransformerConfig config, TokenRows tokens, bool rounded, bool recomputes)
    {
        long n = tokens.Ids.Length, room = 0;
        (_width, _inner) = (n * config.EmbeddingSize, n * config.FeedForwardSize);
        Tokens = [.. tokens.Ids];
        Batch = tokens.Count;
        Length = tokens.Length;
        Rounded = rounded;
        Recomputes = recomputes;
        Layers = new LayerTape[config.LayerCount];
        _packed = new PackedActivations[config.LayerCount];
        // The first time only adds up the sizes. All arrays are in one block of memory, so that a shorter batch can use the longest one's.
        Lay(n, n * config.HeadCount, count =>
        {
            room += PooledBuffer.Room(count);
            return null;
        });
        _memory = pool.Rent(room);
        Lay(n, n * config.HeadCount, _memory.Cut);
    }

    private delegate float* Cutter(long count);

    /// <summary>A copy of the forward pass's token ids.</summary>
    public long[] Tokens { get; }

    /// <summary>Number of rows.</summary>
    public int Batch { get; }

    /// <summary>Tokens of a row.</summary>
    public int Length { get; }

    /// <summary>Whether products had bfloat16 operands.</summary>
    public bool Rounded { get; }

    /// <summary>Whether the backward pass has to compute again what is in shared memory.</summary>
    public bool Recomputes { get; }

    /// <summary>Where each block's activations are, or where they must be before its backward pass.</summary>
    public LayerTape[] Layers { get; }

    /// <summary>The residual stream after the last block.</summary>
    public float* Last { get; private set; }

    /// <summary>The final norm's factors.</summary>
    public float* LastScale { get; private set; }

    /// <summary>Whether the backward pass has been run and the memory given back.</summary>
    public bool IsUsed => _memory is null;

    /// <summary>Stores in bfloat16 what a block left in shared memory and its backward pass needs.</summary>
    public void Pack(int layer)
    {
        LayerTape from = Layers[layer];
        PackedActivations to = _packed[layer];
        if (to.Qkv is not null)
            BFloat16Kernels.Narrow(from.Qkv, to.Qkv, 3 * _width);
        if (to.Mixed is not null)
            BFloat16Kernels.Narrow(from.Mixed, to.Mixed, _width);
        if (to.Gate is not null)
            BFloat16Kernels.Narrow(from.Gate, to.Gate, _inner);
        if (to.Up is not null)
            BFloat16Kernels.Narrow(from.Up, to.Up, _inner);
    }

    /// <summary>Restores to shared memory what <see cref="Pack"/> stored.</summary>
    public void Unpack(int layer)
    {
        LayerTape to = Layers[layer];
        PackedActivations from = _packed[layer];
        if (from.Qkv is not null)
            BFloat16Kernels.Widen(from.Qkv, to.Qkv, 3 * _width);
        if (from.Mixed is not null)
            BFloat16Kernels.Widen(from.Mixed, to.Mixed, _width);
        if (from.Gate is not null)
            BFloat16Kernels.Widen(from.Gate, to.Gate, _inner);
        if (from.Up is not null)
            BFloat16Kernels.Widen(from.Up, to.Up, _inner);
    }

    public void Dispose()
    {
        _memory?.Dispose();
        _memory = null;
    }

    private void Lay(long n, long heads, Cutter cut)
    {
        long d = _width, f = _inner;
        bool keeps = !Recomputes, whole = keeps && !Rounded, packs = keeps && Rounded;
        float* scale1 = Shared(keeps, n), qkv = Shared(whole, 3 * d), mixed = Shared(!Rounded, d), middle = Shared(keeps, d);
        float* scale2 = Shared(keeps, n), gate = Shared(whole, f), up = Shared(whole, f);
        for (int i = 0; i < Layers.Length; i++)
        {
            Layers[i] = new LayerTape
            {
                Input = cut(d),
                Scale1 = Own(keeps, scale1, n),
                Qkv = Own(whole, qkv, 3 * d),
                LogSums = cut(heads),
                Mixed = Own(!Rounded, mixed, d),
                Middle = Own(keeps, middle, d),
                Scale2 = Own(keeps, scale2, n),
                Gate = Own(whole, gate, f),
                Up = Own(whole, up, f),
            };
            _packed[i] = new PackedActivations
            {
                Qkv = Halves(packs, 3 * d),
                Mixed = Halves(Rounded, d),
                Gate = Halves(packs, f),
                Up = Halves(packs, f),
            };
        }
        Last = cut(d);
        LastScale = cut(n);

        float* Shared(bool own, long count) => own ? null : cut(count);
        float* Own(bool own, float* shared, long count) => own ? cut(count) : shared;
        ushort* Halves(bool wanted, long count) => wanted ? (ushort*)cut((count + 1) / 2) : null;
    }
}

/// <summary>
/// Addresses of one block's activations that are kept in bfloat16 (null: not kept so); the fields are <see cref="LayerTape"/>'s.
/// </summary>
internal readonly unsafe struct PackedActivations
{
    public ushort* Qkv { get; init; }

    public ushort* Mixed { get; init; }

    public ushort* Gate { get; init; }

    public ushort* Up { get; init; }
}
