using System.Runtime.InteropServices;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Memory;

/// <summary>
/// Lends blocks of native memory and keeps the returned ones for the next time: a training step asks for much the same again and again, and
/// fresh memory costs page faults and leaves holes in the heap. A request gets the smallest kept block that holds it, so that batches of
/// many lengths take what the longest took. What is kept and what is lent are together never more than was lent at once before.
/// Thread-safe. Disposal frees what is not lent; what is lent is freed when it comes back.
/// </summary>
internal sealed unsafe class BufferPool : IDisposable
{
    private readonly SortedSet<(long Size, nint Memory)> _free = [];
    private readonly Lock _gate = new();
    private long _lent;
    private long _kept;
    private long _most;
    private bool _disposed;

    ~BufferPool() => Free();

    /// <summary>Memory for at least <paramref name="count"/> floats, of any content.</summary>
    public PooledBuffer Rent(long count)
    {
        long size = Class(count);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            (long Size, nint Memory) kept = _free.GetViewBetween((size, nint.MinValue), (long.MaxValue, nint.MaxValue)).Min;
            if (kept.Size > 0)
            {
                _free.Remove(kept);
                _kept -= kept.Size;
                _lent += kept.Size;
                return new PooledBuffer(this, (float*)kept.Memory, kept.Size);
            }
            _lent += size;
            _most = Math.Max(_most, _lent);
            FreeDownTo(_most - _lent);
        }
        try
        {
            return new PooledBuffer(this, (float*)NativeMemory.AlignedAlloc((nuint)size * sizeof(float), 64), size);
        }
        catch
        {
            lock (_gate)
                _lent -= size;
            throw;
        }
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
                _free.Add((size, (nint)memory));
                return;
            }
        }
        NativeMemory.AlignedFree(memory);
    }

    // Sizes in steps of an eighth of a power of two, so that batches of nearly the same size share blocks.
    private static long Class(long count)
    {
        count = Math.Max(1, count);
        long step = Math.Max(1024, (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)count) / 16);
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

    private void FreeDownTo(long limit)
    {
        while (_kept > limit)
        {
            (long Size, nint Memory) smallest = _free.Min;
            _free.Remove(smallest);
            _kept -= smallest.Size;
            NativeMemory.AlignedFree((void*)smallest.Memory);
        }
    }
}
