namespace Microsoft.ML.MaskedDiffusion.Modeling.Sessions;

/// <summary>
/// The keys and values of one row in every layer, with a note of the positions that have any. A position keeps what was computed for it
/// until it is computed again, whatever happens to the rest of the row. One call uses it at a time; it may be disposed while one does.
/// </summary>
internal abstract class KeyValueCache : IDisposable
{
    private readonly Lock _gate = new();
    private readonly INetworkSession _owner;
    private readonly ulong[] _written;
    private bool _isUsed;
    private bool _isDisposed;

    protected KeyValueCache(INetworkSession owner, int capacity)
    {
        _owner = owner;
        Capacity = capacity;
        _written = new ulong[(capacity + 63) / 64];
    }

    /// <summary>The positions it has room for.</summary>
    public int Capacity { get; }

    /// <summary>Whether it has keys and values of a position.</summary>
    public bool Has(int position) => (_written[position / 64] >> (position % 64) & 1) != 0;

    public void Dispose()
    {
        lock (_gate)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            if (_isUsed)
                return;
        }
        Free();
    }

    /// <summary>Takes the cache for one call of a session.</summary>
    internal void Enter(INetworkSession session)
    {
        if (_owner != session)
            throw new ArgumentException("A cache belongs to the session that made it.", nameof(session));
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, typeof(KeyValueCache));
            if (_isUsed)
                throw new InvalidOperationException("A cache holds one row: two parts, or two calls at once, cannot use it.");
            _isUsed = true;
        }
    }

    /// <summary>Ends what <see cref="Enter"/> began.</summary>
    internal void Exit()
    {
        lock (_gate)
        {
            _isUsed = false;
            if (!_isDisposed)
                return;
        }
        Free();
    }

    /// <summary>Requires every key that a part reads to be there or to be one of those that it writes.</summary>
    internal void Require(SequencePart part)
    {
        ReadOnlySpan<int> positions = part.Positions.Span;
        int next = 0;
        for (int key = 0; key < part.KeyCount; key++)
        {
            if (next < positions.Length && positions[next] == key)
                next++;
            else if (!Has(key))
                throw new InvalidOperationException(
                    $"A part attends {part.KeyCount} keys, and the cache has none at position {key}, which the part does not compute.");
        }
    }

    /// <summary>Notes that a part's keys and values are being written: there are none until <see cref="Commit"/>.</summary>
    internal void Begin(SequencePart part)
    {
        foreach (int position in part.Positions.Span)
            _written[position / 64] &= ~(1UL << (position % 64));
    }

    /// <summary>Notes that a part's keys and values have been written.</summary>
    internal void Commit(SequencePart part)
    {
        foreach (int position in part.Positions.Span)
            _written[position / 64] |= 1UL << (position % 64);
    }

    /// <summary>Gives the memory back; called once, while no call uses it.</summary>
    protected abstract void Free();
}
