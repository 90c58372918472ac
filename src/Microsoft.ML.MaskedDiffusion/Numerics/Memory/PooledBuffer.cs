namespace Microsoft.ML.MaskedDiffusion.Numerics.Memory;

/// <summary>A block lent by a <see cref="BufferPool"/>, of at least the floats that were asked for; disposal gives it back.</summary>
internal sealed unsafe class PooledBuffer(BufferPool pool, float* memory, long size) : IDisposable
{
    // Arrays begin on a cache line and are one more line apart: those of a size that is a power of two would otherwise all use the same
    // places of the cache.
    private const long Line = 16;

    private float* _memory = memory;
    private long _cut;

    ~PooledBuffer() => GiveBack();

    public float* Pointer => _memory is not null ? _memory : throw new ObjectDisposedException(nameof(PooledBuffer));

    /// <summary>Floats of a block that <see cref="Cut"/> takes for an array of <paramref name="count"/>.</summary>
    public static long Room(long count) => (count + Line - 1) / Line * Line + Line;

    /// <summary>The block's next array, for blocks that hold several: it begins on a cache line.</summary>
    public float* Cut(long count)
    {
        float* array = Pointer + _cut;
        _cut += Room(count);
        return _cut <= size ? array : throw new ArgumentOutOfRangeException(nameof(count), count, "The block has no room for the array.");
    }

    public void Dispose()
    {
        GiveBack();
        GC.SuppressFinalize(this);
    }

    private void GiveBack()
    {
        if (_memory is null)
            return;
        pool.Return(_memory, size);
        _memory = null;
    }
}
