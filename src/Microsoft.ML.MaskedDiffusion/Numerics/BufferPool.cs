using System.Runtime.InteropServices;

namespace Microsoft.ML.MaskedDiffusion.Numerics;

/// <summary>
/// Lends blocks of native memory and keeps the returned ones for the next time: a training step asks for the same sizes again and again, and fresh memory costs
/// page faults. Thread-safe. Disposal frees what is not lent; what is lent is freed when it comes back.
/// </summary>
internal sealed unsafe class BufferPool : IDisposable
{
    private readonly Dictionary<long, Stack<nint>> _free = [];
    private readonly Lock _gate = new();
    private bool _disposed;

    ~BufferPool() => Free();

    /// <summary>Memory for at least <paramref name="count"/> floats, of any content.</summary>
    public PooledBuffer Rent(long count)
    {
        long size = Class(count);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_free.TryGetValue(size, out Stack<nint>? stack) && stack.TryPop(out nint memory)) return new PooledBuffer(this, (float*)memory, size);
        }
        return new PooledBuffer(this, (float*)NativeMemory.AlignedAlloc((nuint)size * sizeof(float), 64), size);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    internal void Return(float* memory, long size)
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                if (!_free.TryGetValue(size, out Stack<nint>? stack)) _free[size] = stack = new Stack<nint>();
                stack.Push((nint)memory);
                return;
            }
        }
        NativeMemory.AlignedFree(memory);
    }

    // Sizes in steps of an eighth of a power of two, so that batches of nearly the same size share blocks.
    private static long Class(long count)
    {
        long step = Math.Max(1024, (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)Math.Max(1, count)) / 16);
        return (count + step - 1) / step * step;
    }

    private void Free()
    {
        lock (_gate)
        {
            _disposed = true;
            foreach (Stack<nint> stack in _free.Values)
                foreach (nint memory in stack) NativeMemory.AlignedFree((void*)memory);
            _free.Clear();
        }
    }
}
