using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>The working memory of a backward pass over n places, which all blocks use one after the other.</summary>
internal sealed unsafe class BackwardMemory : IDisposable
{
    private readonly PooledBuffer _buffer;
    private readonly float* _unwanted;

    /// <param name="pool">Lends the memory.</param>
    /// <param name="n">Places of the pass.</param>
    /// <param name="width">Width d of the residual stream.</param>
    /// <param name="inner">Width f of the feed-forward layers.</param>
    public BackwardMemory(BufferPool pool, int n, int width, int inner)
    {
        long d = (long)n * width, f = (long)n * inner;
        _buffer = pool.Rent(3 * PooledBuffer.Room(d) + PooledBuffer.Room(3 * d) + 3 * PooledBuffer.Room(f) + PooledBuffer.Room(width));
        DStream = _buffer.Cut(d);
        Normed = _buffer.Cut(d);
        DNormed = _buffer.Cut(d);
        DQkv = _buffer.Cut(3 * d);
        Product = _buffer.Cut(f);
        DGate = _buffer.Cut(f);
        DUp = _buffer.Cut(f);
        _unwanted = _buffer.Cut(width);
    }

    /// <summary>The gradient of the residual stream [n, d].</summary>
    public float* DStream { get; }

    /// <summary>A norm's result [n, d].</summary>
    public float* Normed { get; }

    /// <summary>The gradient of a norm's result, or of attention's [n, d].</summary>
    public float* DNormed { get; }

    /// <summary>The gradient of queries, keys and values [n, 3d].</summary>
    public float* DQkv { get; }

    /// <summary>The gated product and its gradient [n, f].</summary>
    public float* Product { get; }

    /// <summary>The gradient of w1's output [n, f].</summary>
    public float* DGate { get; }

    /// <summary>The gradient of w2's output [n, f].</summary>
    public float* DUp { get; }

    /// <summary>
    /// Where a gain's gradient is added up: the norm's kernel always does that, and that of a frozen gain (null) goes to memory that nobody
    /// reads.
    /// </summary>
    public float* Wanted(float* gradient) => gradient is not null ? gradient : _unwanted;

    public void Dispose() => _buffer.Dispose();
}
