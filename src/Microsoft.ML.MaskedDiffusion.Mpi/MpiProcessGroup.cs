using System.Numerics.Tensors;
using Microsoft.ML.MaskedDiffusion.Mpi;
using Native = MPI.Unsafe;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// The processes that one <c>mpiexec</c> (or <c>srun</c>) has started, as a group: trainers, searches and scorers whose options name it
/// work together. Needs an MPI library with MPICH's interface: MPICH, MVAPICH or Intel MPI, or MS-MPI on Windows. Make one at the start
/// of the program and dispose it at its end. One thread at a time may call it.
/// </summary>
/// <remarks>
/// Ranks watch each other over connections of their own, each its two neighbours. A rank that ends without having disposed its group, or
/// that does not answer for <see cref="MpiOptions.LostAfter"/>, takes all others with it: they write to the standard error which one was
/// lost and end with an exit code that is not 0, instead of waiting for it for ever. MPICH's <c>mpiexec</c> may be quicker where a
/// process dies, and names one itself.
/// </remarks>
public sealed unsafe class MpiProcessGroup : IProcessGroup, IDisposable
{
    private static int _started;

    private readonly RankWatch? _watch;
    private readonly int[] _counts, _offsets, _pieceCounts, _pieceOffsets;
    private float[] _pieces = [];
    private bool _isDisposed;

    private MpiProcessGroup(MpiOptions options)
    {
        (Rank, Size) = MpiLibrary.Start(options);
        _counts = new int[Size];
        _offsets = new int[Size];
        _pieceCounts = new int[Size];
        _pieceOffsets = new int[Size];
        Places = RankPlace.Exchange(this);
        if (Size > 1 && options.LostAfter != Timeout.InfiniteTimeSpan)
            _watch = RankWatch.Start(this, options.LostAfter);
    }

    /// <summary>Joins the group that this process was started in. Alone, without <c>mpiexec</c>, it is a group of one.</summary>
    /// <param name="options">The settings; null for the defaults.</param>
    /// <returns>The group, to be disposed at the end of the program.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A setting is out of its range.</exception>
    /// <exception cref="DllNotFoundException">There is no MPI library; the message says how to install one.</exception>
    /// <exception cref="InvalidOperationException">
    /// The process was started by Open MPI or in another way that this library does not speak, has joined its group before, or cannot reach
    /// its neighbours.
    /// </exception>
    public static MpiProcessGroup Start(MpiOptions? options = null)
    {
        MpiOptions own = (options ?? new()).Clone();
        own.Check();
        MpiLibrary.Find(own);
        if (Interlocked.Exchange(ref _started, 1) == 1)
        {
            throw new InvalidOperationException("This process has joined its MPI group before, which MPI allows once. Keep the "
                + "MpiProcessGroup of the first call.");
        }
        return new MpiProcessGroup(own);
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <summary>The number of this process among those of the group on the same machine, from 0: for example which GPU to use.</summary>
    public int LocalRank => Places.Take(Rank).Count(place => place.Host == Places[Rank].Host);

    /// <summary>What runs where, a line for each rank.</summary>
    public string Description =>
        string.Join('\n', Places.Select((place, rank) => $"rank {rank}: process {place.ProcessId} on {place.Host}"));

    internal IReadOnlyList<RankPlace> Places { get; }

    /// <inheritdoc/>
    public void AllReduce(Span<float> values)
    {
        if (Size == 1 || values.IsEmpty)
            return;
        for (int rank = 0; rank < Size; rank++)
        {
            _offsets[rank] = (int)((long)values.Length * rank / Size);
            _counts[rank] = (int)((long)values.Length * (rank + 1) / Size) - _offsets[rank];
        }
        int own = _counts[Rank];
        for (int rank = 0; rank < Size; rank++)
        {
            _pieceCounts[rank] = own;
            _pieceOffsets[rank] = rank * own;
        }
        if (_pieces.Length < (long)own * Size)
            _pieces = new float[own * Size];
        using var collective = Enter();
        // Each rank adds up one share of the numbers for all, in the order of the tree, and gives the sums to the others.
        fixed (float* all = values, pieces = _pieces)
        {
            MpiLibrary.Check(Native.MPI_Alltoallv(
                (nint)all, _counts, _offsets, Native.MPI_FLOAT, (nint)pieces, _pieceCounts, _pieceOffsets, Native.MPI_FLOAT, World));
            AddUp(0, Size, own);
            MpiLibrary.Check(Native.MPI_Allgatherv(
                (nint)pieces, own, Native.MPI_FLOAT, (nint)all, _counts, _offsets, Native.MPI_FLOAT, World));
        }
    }

    /// <inheritdoc/>
    public void Broadcast(Span<byte> values, int root)
    {
        if (root < 0 || root >= Size)
            throw new ArgumentOutOfRangeException(nameof(root), root, $"The root must be a rank, 0 to {Size - 1}.");
        if (Size == 1 || values.IsEmpty)
            return;
        using var collective = Enter();
        fixed (byte* all = values)
            MpiLibrary.Check(Native.MPI_Bcast((nint)all, values.Length, Native.MPI_BYTE, root, World));
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">All together are more than 2 GB.</exception>
    public IReadOnlyList<byte[]> AllGather(ReadOnlySpan<byte> values)
    {
        int length = values.Length;
        int[] lengths = new int[Size], offsets = new int[Size];
        using var collective = Enter();
        fixed (int* all = lengths)
            MpiLibrary.Check(Native.MPI_Allgather((nint)(&length), 1, Native.MPI_INT, (nint)all, 1, Native.MPI_INT, World));
        long total = lengths.Sum(count => (long)count);
        if (total > Array.MaxLength)
            throw new ArgumentException($"The ranks give {total} bytes; all together may be {Array.MaxLength}.", nameof(values));
        for (int rank = 1; rank < Size; rank++)
            offsets[rank] = offsets[rank - 1] + lengths[rank - 1];
        byte[] joined = new byte[total];
        fixed (byte* own = values, all = joined)
        {
            MpiLibrary.Check(Native.MPI_Allgatherv(
                (nint)own, length, Native.MPI_BYTE, (nint)all, lengths, offsets, Native.MPI_BYTE, World));
        }
        return [.. lengths.Select((count, rank) => joined.AsSpan(offsets[rank], count).ToArray())];
    }

    /// <inheritdoc/>
    public void Barrier()
    {
        using var collective = Enter();
        MpiLibrary.Check(Native.MPI_Barrier(World));
    }

    /// <summary>Leaves the group, when all ranks do. Nothing else may use MPI in this process afterwards.</summary>
    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        _watch?.SayGoodbye();
        MpiLibrary.End();
        _watch?.Dispose();
    }

    private static int World => Native.MPI_COMM_WORLD;

    private RankWatch.Collective Enter()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return new RankWatch.Collective(_watch);
    }

    // Leaves the sum of so many ranks' pieces in the place of the first.
    private void AddUp(int from, int count, int length)
    {
        if (count == 1)
            return;
        int half = 1;
        while (half * 2 < count)
            half *= 2;
        AddUp(from, half, length);
        AddUp(from + half, count - half, length);
        Span<float> first = _pieces.AsSpan(from * length, length);
        TensorPrimitives.Add(first, _pieces.AsSpan((from + half) * length, length), first);
    }
}
