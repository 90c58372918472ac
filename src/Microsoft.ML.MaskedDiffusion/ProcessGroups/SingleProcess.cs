namespace Microsoft.ML.MaskedDiffusion;

/// <summary>A group of this process alone: what is used where no other group is set. Thread-safe; it holds nothing.</summary>
public sealed class SingleProcess : IProcessGroup
{
    private SingleProcess()
    {
    }

    /// <summary>The group.</summary>
    public static SingleProcess Instance { get; } = new();

    /// <summary>Always 0.</summary>
    public int Rank => 0;

    /// <summary>Always 1.</summary>
    public int Size => 1;

    /// <summary>Leaves the numbers as they are: they are the sums over one rank.</summary>
    /// <param name="values">The numbers.</param>
    public void AllReduce(Span<float> values)
    {
    }

    /// <summary>Leaves the bytes as they are.</summary>
    /// <param name="values">The bytes.</param>
    /// <param name="root">0.</param>
    public void Broadcast(Span<byte> values, int root)
    {
    }

    /// <summary>Gives the bytes back.</summary>
    /// <param name="values">The bytes.</param>
    /// <returns>A copy of them, as the only entry.</returns>
    public IReadOnlyList<byte[]> AllGather(ReadOnlySpan<byte> values) => [values.ToArray()];

    /// <summary>Returns at once.</summary>
    public void Barrier()
    {
    }
}
