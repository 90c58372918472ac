namespace Microsoft.ML.MaskedDiffusion.Numerics.Memory;

/// <summary>Lets the owner of native memory be disposed while other threads still compute with it: the memory goes with the last of them.</summary>
internal sealed class UseCount(Action free)
{
    // The owner counts as one.
    private int _count = 1;
    private int _closed;

    public bool IsClosed => Volatile.Read(ref _closed) != 0;

    /// <exception cref="ObjectDisposedException">The owner has been disposed.</exception>
    public void Enter(object owner)
    {
        int count = Volatile.Read(ref _count);
        while (true)
        {
            ObjectDisposedException.ThrowIf(count == 0 || IsClosed, owner);
            int seen = Interlocked.CompareExchange(ref _count, count + 1, count);
            if (seen == count)
                return;
            count = seen;
        }
    }

    public void Exit()
    {
        if (Interlocked.Decrement(ref _count) == 0)
            free();
    }

    /// <summary>The owner's disposal; later ones do nothing.</summary>
    public void Close()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
            Exit();
    }
}
