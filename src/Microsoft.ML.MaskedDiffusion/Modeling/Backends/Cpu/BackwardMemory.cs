using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>The working memory of a backward pass over n places, which all blocks use one after the other.</summary>
internal sealed unsafe class BackwardMemory : IDisposable
{
    private readonly PooledBuffer _buffer;
    private readonly float* _unwanted;

    /// <param name="pool">Lends the memory.</param>
    /// <param name="n">Places of the pass.</param>
    /// <param name="config">The network's shape.</param>
    public BackwardMemory(BufferPool pool, int n, TransformerConfig config)
    {
        int unwanted = Math.Max(config.EmbeddingSize, config.HeadSize);
        long d = (long)n * config.EmbeddingSize, f = (long)n * config.FeedForwardSize;
        long wider = (long)n * Math.Max(config.EmbeddingSize, config.QuerySize), projection = (long)n * config.ProjectionSize;
        _buffer = pool.Rent(2 * PooledBuffer.Room(d) + PooledBuffer.Room(wider) + PooledBuffer.Room(projection)
            + 3 * PooledBuffer.Room(f) + PooledBuffer.Room(unwanted));
        DStream = _buffer.Cut(d);
        Normed = _buffer.Cut(d);
        DNormed = _buffer.Cut(wider);
        DQkv = _buffer.Cut(projection);
        Product = _buffer.Cut(f);
        DGate = _buffer.Cut(f);
        DUp = _buffer.Cut(f);
        _unwanted = _buffer.Cut(unwanted);
    }

    /// <summary>The gradient of the residual stream [n, d].</summary>
    public float* DStream { get; }

    /// <summary>A norm's result [n, d].</summary>
    public float* Normed { get; }

    /// <summary>The gradient of a norm's result [n, d], or of attention's [n, query width].</summary>
    public float* DNormed { get; }

    /// <summary>The gradient of the fused projection [n, projection].</summary>
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
