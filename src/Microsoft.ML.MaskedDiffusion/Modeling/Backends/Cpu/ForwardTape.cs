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
    private readonly TransformerConfig _config;
    private PooledBuffer? _memory;

    /// <param name="pool">Lends the memory.</param>
    /// <param name="config">The network's shape.</param>
    /// <param name="tokens">The rows of the pass.</param>
    /// <param name="places">The places whose states are asked, which are copied; null for all.</param>
    /// <param name="attention">Which positions see which; null: as the configuration says.</param>
    /// <param name="rounded">Whether products have bfloat16 operands.</param>
    /// <param name="recomputes">Whether the backward pass is to compute again what need not be kept.</param>
    public ForwardTape(
        BufferPool pool, TransformerConfig config, TokenRows tokens, long[]? places, AttentionPattern? attention, bool rounded,
        bool recomputes)
    {
        long n = tokens.Ids.Length, room = 0;
        _config = config;
        Tokens = [.. tokens.Ids];
        Places = places is null ? null : [.. places];
        Batch = tokens.Count;
        Length = tokens.Length;
        Attention = attention;
        Blocks = tokens.Blocks;
        Rounded = rounded;
        Recomputes = recomputes;
        Layers = new LayerTape[config.LayerCount];
        _packed = new PackedActivations[config.LayerCount];
        // The first time only adds up the sizes. All arrays are in one block of memory, so that a shorter batch can use the longest one's.
        Lay(n, count =>
        {
            room += PooledBuffer.Room(count);
            return null;
        });
        _memory = pool.Rent(room);
        Lay(n, _memory.Cut);
    }

    private delegate float* Cutter(long count);

    /// <summary>A copy of the forward pass's token ids.</summary>
    public long[] Tokens { get; }

    /// <summary>The asked places row * length + position, ascending; null where all states were asked.</summary>
    public long[]? Places { get; }

    /// <summary>Number of rows.</summary>
    public int Batch { get; }

    /// <summary>Tokens of a row.</summary>
    public int Length { get; }

    /// <summary>Which positions see which; null: as the configuration says.</summary>
    public AttentionPattern? Attention { get; }

    /// <summary>As of <see cref="TokenRows.Blocks"/>.</summary>
    public AttentionBlocks? Blocks { get; }

    /// <summary>The number of positions of a row, where a text that stands in it twice has its positions twice.</summary>
    public int PositionCount => Attention?.TextLength ?? Length;

    /// <summary>Whether products had bfloat16 operands.</summary>
    public bool Rounded { get; }

    /// <summary>Whether the backward pass has to compute again what is in shared memory.</summary>
    public bool Recomputes { get; }

    /// <summary>Where each block's activations are, or where they must be before its backward pass.</summary>
    public LayerTape[] Layers { get; }

    /// <summary>The residual stream after the last block, at the asked places.</summary>
    public float* Last { get; private set; }

    /// <summary>The final norm's factors.</summary>
    public float* LastScale { get; private set; }

    /// <summary>What the prediction head's dense layer computed at the asked places [m, d]; null without such a head.</summary>
    public float* Dense { get; private set; }

    /// <summary>The factors of the prediction head's norm.</summary>
    public float* DenseScale { get; private set; }

    /// <summary>Whether the backward pass has been run and the memory given back.</summary>
    public bool IsUsed => _memory is null;

    /// <summary>Stores in bfloat16 what a block left in shared memory and its backward pass needs.</summary>
    public void Pack(int layer)
    {
        LayerTape from = Layers[layer];
        PackedActivations to = _packed[layer];
        if (to.Qkv is not null)
            BFloat16Kernels.Narrow(from.Qkv, to.Qkv, to.QkvCount);
        if (to.Mixed is not null)
            BFloat16Kernels.Narrow(from.Mixed, to.Mixed, to.MixedCount);
        if (to.Gate is not null)
            BFloat16Kernels.Narrow(from.Gate, to.Gate, to.InnerCount);
        if (to.Up is not null)
            BFloat16Kernels.Narrow(from.Up, to.Up, to.InnerCount);
    }

    /// <summary>Restores to shared memory what <see cref="Pack"/> stored.</summary>
    public void Unpack(int layer)
    {
        LayerTape to = Layers[layer];
        PackedActivations from = _packed[layer];
        if (from.Qkv is not null)
            BFloat16Kernels.Widen(from.Qkv, to.Qkv, from.QkvCount);
        if (from.Mixed is not null)
            BFloat16Kernels.Widen(from.Mixed, to.Mixed, from.MixedCount);
        if (from.Gate is not null)
            BFloat16Kernels.Widen(from.Gate, to.Gate, from.InnerCount);
        if (from.Up is not null)
            BFloat16Kernels.Widen(from.Up, to.Up, from.InnerCount);
    }

    public void Dispose()
    {
        _memory?.Dispose();
        _memory = null;
    }

    private void Lay(long n, Cutter cut)
    {
        long d = _config.EmbeddingSize, f = _config.FeedForwardSize, query = _config.QuerySize, projection = _config.ProjectionSize;
        bool keeps = !Recomputes, whole = keeps && !Rounded, packs = keeps && Rounded, hasRaw = _config.HasQueryKeyNorm;
        float* scale1 = Shared(keeps, n), qkv = Shared(whole, n * projection), raw = Shared(keeps || !hasRaw, n * projection);
        float* mixed = Shared(!Rounded, n * query), middle = Shared(keeps, n * d);
        float* scale2 = Shared(keeps, n), gate = Shared(whole, n * f), up = Shared(whole, n * f);
        for (int i = 0; i < Layers.Length; i++)
        {
            // After its keys and values the last block goes on at the asked places alone.
            long rows = i == Layers.Length - 1 && Places is not null ? Places.Length : n;
            long qkvCount = n * (projection - query) + rows * query;
            Layers[i] = new LayerTape
            {
                Input = cut(n * d),
                Scale1 = Own(keeps, scale1, n),
                Qkv = Own(whole, qkv, qkvCount),
                Raw = Own(keeps && hasRaw, raw, qkvCount),
                LogSums = cut(rows * _config.HeadCount),
                Mixed = Own(!Rounded, mixed, rows * query),
                Middle = Own(keeps, middle, rows * d),
                Scale2 = Own(keeps, scale2, rows),
                Gate = Own(whole, gate, rows * f),
                Up = Own(whole, up, rows * f),
            };
            _packed[i] = new PackedActivations
            {
                Qkv = Halves(packs, qkvCount),
                QkvCount = qkvCount,
                Mixed = Halves(Rounded, rows * query),
                MixedCount = rows * query,
                Gate = Halves(packs, rows * f),
                Up = Halves(packs, rows * f),
                InnerCount = rows * f,
            };
        }
        long asked = Places?.Length ?? n;
        Last = cut(asked * d);
        LastScale = cut(asked);
        if (_config.HasPredictionHead)
        {
            Dense = cut(asked * d);
            DenseScale = cut(asked);
        }

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

    /// <summary>Numbers of <see cref="Qkv"/>.</summary>
    public long QkvCount { get; init; }

    public ushort* Mixed { get; init; }

    /// <summary>Numbers of <see cref="Mixed"/>.</summary>
    public long MixedCount { get; init; }

    public ushort* Gate { get; init; }

    public ushort* Up { get; init; }

    /// <summary>Numbers of <see cref="Gate"/>, and of <see cref="Up"/>.</summary>
    public long InnerCount { get; init; }
}
