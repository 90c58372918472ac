namespace Microsoft.ML.MaskedDiffusion.Numerics;

/// <summary>A block lent by a <see cref="BufferPool"/>; disposal gives it back.</summary>
internal sealed unsafe class PooledBuffer(BufferPool pool, float* memory, long size) : IDisposable
{
    private float* _memory = memory;

    ~PooledBuffer() => GiveBack();

    public float* Pointer => _memory is not null ? _memory : throw new ObjectDisposedException(nameof(PooledBuffer));

    public void Dispose()
    {
        GiveBack();
        GC.SuppressFinalize(this);
    }

    private void GiveBack()
    {
        if (_memory is null) return;
        pool.Return(_memory, size);
        _memory = null;
    }
}
