namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Processes that work on one thing together, such as one training or one file: each runs the same program with the same options, and they
/// exchange numbers here. A process's number in its group is its rank. The calls are collective: each rank makes the same ones in the same
/// order, on one thread, and a call returns when the others have made theirs. <see cref="SingleProcess"/> is a group of one;
/// the package Microsoft.ML.MaskedDiffusion.Mpi has groups on MPI.
/// </summary>
public interface IProcessGroup
{
    /// <summary>The number of this process, from 0.</summary>
    int Rank { get; }

    /// <summary>The number of processes, at least 1.</summary>
    int Size { get; }

    /// <summary>
    /// Replaces the numbers by their sums over all ranks, the same bits on each rank and in each run. The order of the additions is fixed:
    /// n ranks are the sum of the first m and that of the others, where m is the largest power of two below n.
    /// </summary>
    /// <param name="values">Any count of numbers, the same on each rank.</param>
    void AllReduce(Span<float> values);

    /// <summary>Overwrites the bytes by those of one rank.</summary>
    /// <param name="values">Any count of bytes, the same on each rank.</param>
    /// <param name="root">The rank whose bytes they are, 0 to <see cref="Size"/> - 1.</param>
    void Broadcast(Span<byte> values, int root);

    /// <summary>Gives each rank the bytes of all.</summary>
    /// <param name="values">Any count of bytes; each rank may have another.</param>
    /// <returns>What each rank has given, in the order of ranks.</returns>
    IReadOnlyList<byte[]> AllGather(ReadOnlySpan<byte> values);

    /// <summary>Returns when all ranks have come here.</summary>
    void Barrier();
}
