using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>
/// The first block's queries, keys and values of tokens before they are turned, which depend on the token alone: each is computed once in a
/// session, as long as there is room, and once in a call after that. Thread-safe.
/// </summary>
internal sealed unsafe class ProjectionTable : IDisposable
{
    // Tokens whose rows are in one block of memory.
    private const int BlockRows = 64;

    private readonly Lock _gate = new();
    private readonly List<PooledBuffer> _blocks = [];
    private readonly BufferPool _pool;
    private readonly TransformerConfig _config;
    private readonly PlaceArithmetic _places;
    private readonly NetworkWeights _weights;
    private readonly PackedMatrix _projection;
    private readonly int[] _slots;
    private readonly int _limit;
    private int _count;

    /// <param name="pool">Lends the memory.</param>
    /// <param name="config">The network's shape.</param>
    /// <param name="weights">The network's weights.</param>
    /// <param name="projection">The first block's projection.</param>
    /// <param name="limit">Floats that may be kept.</param>
    public ProjectionTable(BufferPool pool, TransformerConfig config, NetworkWeights weights, PackedMatrix projection, long limit)
    {
        _pool = pool;
        _config = config;
        _places = new PlaceArithmetic(config);
        _weights = weights;
        _projection = projection;
        Width = config.ProjectionSize;
        _limit = (int)Math.Min(config.EmbeddingRowCount, limit / Width);
        _slots = new int[config.EmbeddingRowCount];
        Array.Fill(_slots, -1);
    }

    /// <summary>Floats of a token's row.</summary>
    public int Width { get; }

    /// <summary>
    /// The addresses of the rows of <paramref name="tokens"/>. They are valid until the table and the result's memory (null: none), of
    /// which the caller disposes, are disposed.
    /// </summary>
    public (nint[] Addresses, PooledBuffer? Owner) Rows(long[] tokens)
    {
        var addresses = new nint[tokens.Length];
        lock (_gate)
        {
            var missing = new List<long>();
            var numberOf = new Dictionary<long, int>();
            foreach (long token in tokens)
            {
                if (_slots[token] < 0 && numberOf.TryAdd(token, missing.Count))
                    missing.Add(token);
            }
            PooledBuffer? computed = missing.Count == 0 ? null : Compute([.. missing]);
            int kept = Math.Min(missing.Count, _limit - _count);
            for (int i = 0; i < kept; i++)
                Keep(missing[i], computed!.Pointer + (long)i * Width);
            for (int i = 0; i < tokens.Length; i++)
            {
                int slot = _slots[tokens[i]];
                addresses[i] = (nint)(slot >= 0 ? Slot(slot) : computed!.Pointer + (long)numberOf[tokens[i]] * Width);
            }
            if (kept < missing.Count)
                return (addresses, computed);
            computed?.Dispose();
            return (addresses, null);
        }
    }

    public void Dispose()
    {
        foreach (PooledBuffer block in _blocks)
            block.Dispose();
    }

    private PooledBuffer Compute(long[] tokens)
    {
        int n = tokens.Length, d = _config.EmbeddingSize;
        PooledBuffer result = _pool.Rent((long)n * Width);
        using PooledBuffer states = _pool.Rent((long)n * d);
        float* x = states.Pointer;
        _places.Embed(_weights, tokens, x);
        _projection.Multiply(n, _places.NormFirst(_weights.Layers[0], x, x, null, n), d, result.Pointer, Width);
        _places.FinishFused(_weights.Layers[0], result.Pointer, n);
        return result;
    }

    private void Keep(long token, float* row)
    {
        if (_count == _blocks.Count * BlockRows)
            _blocks.Add(_pool.Rent((long)BlockRows * Width));
        new ReadOnlySpan<float>(row, Width).CopyTo(new Span<float>(Slot(_count), Width));
        _slots[token] = _count++;
    }

    private float* Slot(int slot) => _blocks[slot / BlockRows].Pointer + (long)(slot % BlockRows) * Width;
}
