using Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <content>Networks of the same memory.</content>
internal sealed partial class TransformerNetwork
{
    // A second owner of the same memory.
    private TransformerNetwork(TransformerNetwork shared, Action released)
    {
        UseCount.Use held = shared._uses.Enter();
        _uses = new UseCount(nameof(MaskedDiffusionModel), () =>
        {
            held.Dispose();
            released();
        });
        (_parameters, _scales, _pass, _backend) = (shared._parameters, shared._scales, shared._pass, shared._backend);
        (Config, Device, Type) = (shared.Config, shared.Device, shared.Type);
    }

    // The same weights computed with in another way.
    private TransformerNetwork(TransformerNetwork shared, TransformerConfig config)
    {
        config.Validate();
        UseCount.Use held = shared._uses.Enter();
        _uses = new UseCount(nameof(MaskedDiffusionModel), () =>
        {
            _backend!.Dispose();
            held.Dispose();
        });
        (_parameters, _scales, _pass) = (shared._parameters, shared._scales, shared._pass);
        (Config, Device, Type) = (config, shared.Device, shared.Type);
        try
        {
            _backend = BackendOf(shared._backend is CpuBackend);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>
    /// A network of the same memory, to be disposed by itself: the memory is freed when this network and all that share it are disposed.
    /// Neither may be trained then.
    /// </summary>
    /// <param name="released">Called once, when the result is disposed and its last running call has ended.</param>
    /// <exception cref="ObjectDisposedException">The network has been disposed.</exception>
    public TransformerNetwork Share(Action released) => new(this, released);

    /// <summary>
    /// A network of the same memory whose attention goes by blocks, or no longer does, to be disposed by itself: the memory is freed when
    /// both are disposed. Neither may be trained then.
    /// </summary>
    /// <param name="size">As of <see cref="TransformerConfig.AttentionBlockSize"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">This network can have no blocks, or not of that size.</exception>
    /// <exception cref="ObjectDisposedException">The network has been disposed.</exception>
    public TransformerNetwork WithAttentionBlocks(int? size) => new(this, Config with { AttentionBlockSize = size });
}
