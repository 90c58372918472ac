using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>States in memory of a session's pool.</summary>
internal sealed unsafe class KernelStates(int count, int width, BufferPool pool) : NetworkStates(count)
{
    private readonly PooledBuffer _memory = pool.Rent((long)count * width);

    /// <summary>The states [count, width].</summary>
    public float* Pointer => _memory.Pointer;

    public override void CopyTo(int row, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Count, nameof(row));
        new ReadOnlySpan<float>(Pointer + (long)row * width, width).CopyTo(destination);
    }

    public override void Dispose() => _memory.Dispose();
}
