using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Sessions;

/// <summary>
/// What the sessions of all backends share: they check what they are asked, take the caches for the time of a call, and free their memory
/// after the last running call.
/// </summary>
internal abstract class NetworkSession : INetworkSession
{
    private const string Disposed = "The network session has been disposed.";

    private readonly UseCount _uses;

    /// <param name="config">The network's shape.</param>
    /// <param name="network">Keeps the network from being freed; the session disposes it at its own end.</param>
    protected NetworkSession(TransformerConfig config, UseCount.Use network)
    {
        Config = config;
        _uses = new UseCount(nameof(INetworkSession), () =>
        {
            Free();
            network.Dispose();
        }, Disposed);
    }

    public TransformerConfig Config { get; }

    public KeyValueCache NewCache(int capacity)
    {
        using UseCount.Use use = _uses.Enter();
        if (capacity < 1 || capacity > Config.ContextLength)
            throw new ArgumentOutOfRangeException(
                nameof(capacity), capacity, $"A cache has room for 1 to {Config.ContextLength} positions.");
        return CreateCache(capacity);
    }

    public NetworkStates States(IReadOnlyList<SequencePart> parts)
    {
        using UseCount.Use use = _uses.Enter();
        foreach (SequencePart part in parts)
            part.Check(Config);
        int entered = 0;
        try
        {
            for (; entered < parts.Count; entered++)
                parts[entered].Cache?.Enter(this);
            foreach (SequencePart part in parts)
                part.Cache?.Require(part);
            foreach (SequencePart part in parts)
                part.Cache?.Begin(part);
            NetworkStates states = Config.ShiftsLogits ? ComputeShifted(parts) : Compute(parts);
            foreach (SequencePart part in parts)
                part.Cache?.Commit(part);
            return states;
        }
        finally
        {
            for (int i = 0; i < entered; i++)
                parts[i].Cache?.Exit();
        }
    }

    public void ReadLogits(NetworkStates states, int[] rows, int[]? unconditional, double guidanceScale, LogitRowReader reader)
    {
        using UseCount.Use use = Enter(states, rows, unconditional);
        if (rows.Length > 0)
            Read(states, rows, guidanceScale == 0 ? null : unconditional, guidanceScale, reader);
    }

    public void Dispose() => _uses.Close();

    /// <summary>A cache of checked capacity.</summary>
    protected abstract KeyValueCache CreateCache(int capacity);

    /// <summary>The asked states of parts that have been checked and whose caches are taken.</summary>
    protected abstract NetworkStates Compute(IReadOnlyList<SequencePart> parts);

    /// <summary>Some rows of states that were computed here, as states of their own.</summary>
    protected abstract NetworkStates Select(NetworkStates states, int[] rows);

    /// <summary>As <see cref="ReadLogits"/>, checked, for at least one row.</summary>
    protected abstract void Read(NetworkStates states, int[] rows, int[]? unconditional, double guidanceScale, LogitRowReader reader);

    /// <summary>Gives the session's memory back; called once, when no call runs.</summary>
    protected abstract void Free();

    /// <summary>Keeps the session open for a call that asks for the logits of states, which are checked.</summary>
    protected UseCount.Use Enter(NetworkStates states, int[] rows, int[]? unconditional)
    {
        UseCount.Use use = _uses.Enter();
        try
        {
            Check(states, rows, unconditional);
            return use;
        }
        catch
        {
            use.Dispose();
            throw;
        }
    }

    // Asks for the places whose states predict the asked ones.
    private NetworkStates ComputeShifted(IReadOnlyList<SequencePart> parts)
    {
        var shifted = new SequencePart[parts.Count];
        List<int> rows = [];
        int computed = 0, asked = 0;
        for (int i = 0; i < shifted.Length; i++)
        {
            var places = new ShiftedPlaces(parts[i].PredictingPlaces());
            shifted[i] = parts[i].WithAsked(Array.ConvertAll(places.Computed, place => (int)place));
            foreach (int row in places.Rows)
                rows.Add(computed + row);
            computed += places.Computed.Length;
            asked += places.Rows.Length;
        }
        NetworkStates states = Compute(shifted);
        if (computed == asked)
            return states;
        using (states)
            return Select(states, [.. rows]);
    }

    private static void Check(NetworkStates states, int[] rows, int[]? unconditional)
    {
        if (unconditional is not null && unconditional.Length != rows.Length)
            throw new ArgumentException($"{rows.Length} rows have {unconditional.Length} unconditional ones.", nameof(unconditional));
        foreach (int row in rows.Concat(unconditional ?? []))
        {
            if ((uint)row >= (uint)states.Count)
                throw new ArgumentOutOfRangeException(nameof(rows), row, $"Rows are 0 to {states.Count - 1}.");
        }
    }
}
