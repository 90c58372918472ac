using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>A row's keys and values in the panels that attention reads, layer after layer.</summary>
internal sealed unsafe class KernelCache : KeyValueCache
{
    private readonly TransformerConfig _config;
    private readonly PooledBuffer _memory;
    private readonly long _layer;

    public KernelCache(KernelSession owner, TransformerConfig config, BufferPool pool, int capacity)
        : base(owner, capacity)
    {
        _config = config;
        _layer = KeyValuePanels.Size(capacity, config.KeyValueHeadCount, config.HeadSize);
        _memory = pool.Rent(_layer * config.LayerCount);
    }

    /// <summary>A layer's keys and values.</summary>
    public KeyValuePanels Layer(int layer) =>
        new(_memory.Pointer + layer * _layer, Capacity, _config.KeyValueHeadCount, _config.HeadSize);

    protected override void Free() => _memory.Dispose();
}
