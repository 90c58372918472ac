namespace Microsoft.ML.MaskedDiffusion.Numerics.Memory;

/// <summary>
/// Lets the owner of native memory be disposed while other threads still compute with it: the memory is freed when the last of them has
/// finished. Thread-safe.
/// </summary>
/// <param name="owner">What a refused use is told to be disposed, by the name of its public type.</param>
/// <param name="free">Frees the memory; called once.</param>
/// <param name="refusal">What a refused use is told; by default, how a model comes to be disposed.</param>
internal sealed class UseCount(string owner, Action free, string refusal = UseCount.ModelRefusal)
{
    private const string ModelRefusal = "The model has been disposed. Besides its owner, a transformer that owns it disposes it, "
        + "and so does a PredictionEngine, unless PredictionEngineOptions.OwnsTransformer is false.";

    // The owner counts as one use.
    private int _count = 1;
    private int _closed;

    private bool IsClosed => Volatile.Read(ref _closed) != 0;

    /// <summary>Begins a use, which ends when the result is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The owner has been disposed.</exception>
    public Use Enter()
    {
        int count = Volatile.Read(ref _count);
        while (true)
        {
            if (count == 0 || IsClosed)
                throw new ObjectDisposedException(owner, refusal);
            int seen = Interlocked.CompareExchange(ref _count, count + 1, count);
            if (seen == count)
                return new Use(this);
            count = seen;
        }
    }

    /// <summary>Disposes the owner; later calls do nothing.</summary>
    public void Close()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
            Exit();
    }

    private void Exit()
    {
        if (Interlocked.Decrement(ref _count) == 0)
            free();
    }

    /// <summary>One use; dispose it once.</summary>
    internal readonly struct Use(UseCount count) : IDisposable
    {
        public void Dispose() => count.Exit();
    }
}
