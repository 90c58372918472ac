using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Torch;

/// <summary>A row's keys and values in tensors of the network's device and type.</summary>
internal sealed class TorchCache : KeyValueCache
{
    // [layers, 2, key heads, capacity, h]
    private readonly Tensor _memory;

    public TorchCache(TorchSession owner, TransformerConfig config, int capacity, Device device, ScalarType type)
        : base(owner, capacity)
    {
        long[] shape = [config.LayerCount, 2, config.KeyValueHeadCount, capacity, config.HeadSize];
        _memory = zeros(shape, type, device).DetachFromDisposeScope();
    }

    /// <summary>Writes a layer's keys and values [key heads, n, h] at n positions.</summary>
    public void Write(int layer, Tensor positions, Tensor keys, Tensor values)
    {
        using var scope = NewDisposeScope();
        Tensor of = _memory[layer];
        of[0].index_copy_(1, positions, keys);
        of[1].index_copy_(1, positions, values);
    }

    /// <summary>A view of a layer's first keys, or values, [key heads, count, h].</summary>
    public Tensor Read(int layer, bool values, int count)
    {
        using var scope = NewDisposeScope();
        return _memory[layer, values ? 1 : 0].narrow(1, 0, count).MoveToOuterDisposeScope();
    }

    protected override void Free() => _memory.Dispose();
}
