using Microsoft.ML.MaskedDiffusion.Numerics;

namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <summary>What the backward pass of one forward pass needs: the activations of every block.</summary>
internal sealed unsafe class ForwardTape : IDisposable
{
    private readonly List<PooledBuffer> _buffers = [];

    public ForwardTape(BufferPool pool, TransformerConfig config, long[] tokens, int batch, int length)
    {
        long n = (long)batch * length, d = config.EmbeddingSize, f = config.FeedForwardSize, heads = config.HeadCount;
        Tokens = tokens;
        Batch = batch;
        Length = length;
        Layers = new LayerTape[config.LayerCount];
        for (int i = 0; i < Layers.Length; i++)
        {
            Layers[i] = new LayerTape(Rent(pool, n * d), Rent(pool, n), Rent(pool, n * 3 * d), Rent(pool, n * heads), Rent(pool, n * d), Rent(pool, n * d), Rent(pool, n),
                Rent(pool, n * f), Rent(pool, n * f));
        }
        Last = Rent(pool, n * d);
        LastScale = Rent(pool, n);
    }

    public long[] Tokens { get; }

    public int Batch { get; }

    public int Length { get; }

    public LayerTape[] Layers { get; }

    /// <summary>The residual stream after the last block.</summary>
    public float* Last { get; }

    /// <summary>The final norm's factors.</summary>
    public float* LastScale { get; }

    /// <summary>Whether the backward pass has been run and the memory given back.</summary>
    public bool IsUsed => _buffers.Count == 0;

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
}
