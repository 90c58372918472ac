using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>
/// All matrices of a network but the embedding, packed for a session's products. Those of narrow numbers stay where they are, so that
/// nothing is held twice.
/// </summary>
internal sealed unsafe class SessionWeights : IDisposable
{
    // Floats of the first block's projections that are kept: 32 MB.
    private const long KeptProjections = 1 << 23;

    private readonly PooledBuffer _memory;

    /// <param name="pool">Lends the memory.</param>
    /// <param name="config">The network's shape.</param>
    /// <param name="weights">The weights up to the output layer, which the caller keeps alive.</param>
    /// <param name="head">The output layer [V, d].</param>
    /// <param name="rounded">Whether products round their operands to bfloat16.</param>
    public SessionWeights(BufferPool pool, TransformerConfig config, NetworkWeights weights, WeightMatrix head, bool rounded)
    {
        Network = weights;
        Layers = new PackedLayer[config.LayerCount];
        int width = config.VocabularySize, d = config.EmbeddingSize;
        bool narrow = head.IsNarrow;
        // Of narrow numbers only the last block has some in another order.
        long layer = PackedLayer.Size(config, head.Form), blocks = narrow ? layer : layer * Layers.Length;
        long output = PackedMatrix.Size(width, d, narrow);
        long room = blocks + output + (config.HasPredictionHead ? PackedMatrix.Size(d, d, narrow) : 0);
        _memory = pool.Rent(room);
        // All of it is read for every token.
        NativeHeap.PreferHugePages(_memory.Pointer, room * sizeof(float));
        for (int i = 0; i < Layers.Length; i++)
        {
            Layers[i] = new PackedLayer(pool, config, rounded, head.Form, _memory.Pointer + (narrow ? 0 : i * layer));
            // The last block computes queries at fewer positions than keys and values.
            if (i + 1 < Layers.Length)
                Layers[i].Pack(weights.Layers[i]);
            else
                Layers[i].PackApart(weights.Layers[i]);
        }
        Head = new PackedMatrix(head, width, d, _memory.Pointer + blocks, rounded);
        if (config.HasPredictionHead)
            Dense = new PackedMatrix(weights.HeadDense, d, d, _memory.Pointer + blocks + output, rounded);
        First = Layers.Length == 1 ? null : new ProjectionTable(pool, config, weights, Layers[0].Qkv, KeptProjections);
    }

    /// <summary>The network's own weights; the gains of the norms and the embedding are used as they are.</summary>
    public NetworkWeights Network { get; }

    /// <summary>The blocks in order, the last with its queries apart.</summary>
    public PackedLayer[] Layers { get; }

    /// <summary>The prediction head's dense layer, where there is such a head.</summary>
    public PackedMatrix Dense { get; }

    /// <summary>The output layer.</summary>
    public PackedMatrix Head { get; }

    /// <summary>The first block's projections, unless it is the last block too.</summary>
    public ProjectionTable? First { get; }

    public void Dispose()
    {
        First?.Dispose();
        _memory.Dispose();
    }
}
