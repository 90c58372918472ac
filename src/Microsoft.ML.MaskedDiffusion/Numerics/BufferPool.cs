using System.Runtime.InteropServices;

namespace Microsoft.ML.MaskedDiffusion.Numerics;

/// <summary>
/// Lends blocks of native memory and keeps the returned ones for the next time: a training step asks for the same sizes again and again, and fresh memory costs
/// page faults. What it keeps and what it has lent are together never more than was lent at once before: batches of many lengths do not pile up blocks of many
/// sizes. Thread-safe. Disposal frees what is not lent; what is lent is freed when it comes back.
/// </summary>
internal sealed unsafe class BufferPool : IDisposable
{
    private readonly SortedDictionary<long, Stack<nint>> _free = [];
    private readonly Lock _gate = new();
    private long _lent;
    private long _kept;
    private long _most;
    private bool _disposed;

    ~BufferPool() => Free();

    /// <summary>Floats kept for the next time.</summary>
    public long KeptCount
    {
        get
        {
            lock (_gate) return _kept;
        }
    }

    /// <summary>Memory for at least <paramref name="count"/> floats, of any content.</summary>
    public PooledBuffer Rent(long count)
    {
        long size = Class(count);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _lent += size;
            _most = Math.Max(_most, _lent);
            if (_free.TryGetValue(size, out Stack<nint>? stack) && stack.TryPop(out nint memory))
            {
                _kept -= size;
                return new PooledBuffer(this, (float*)memory, size);
            }
            FreeDownTo(_most - _lent);
        }
        return new PooledBuffer(this, (float*)NativeMemory.AlignedAlloc((nuint)size * sizeof(float), 64), size);
    }

    /// <summary>Frees all that is not lent.</summary>
    public void Trim()
    {
        lock (_gate)
        {
            _most = _lent;
            FreeDownTo(0);
        }
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
            _lent -= size;
            if (!_disposed && _lent + _kept + size <= _most)
            {
                _kept += size;
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
            FreeDownTo(0);
        }
    }

    // Sizes that were asked for are kept as empty stacks: they are few.
    private void FreeDownTo(long limit)
    {
        foreach ((long size, Stack<nint> stack) in _free)
        {
            while (_kept > limit && stack.TryPop(out nint memory))
            {
                NativeMemory.AlignedFree((void*)memory);
                _kept -= size;
            }
        }
    }
}
