using System.Runtime.ExceptionServices;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Ranks on threads of this process, which exchange through shared arrays: a group for tests without MPI.</summary>
internal sealed class ThreadGroup : IProcessGroup
{
    private readonly Shared _shared;

    private ThreadGroup(Shared shared, int rank) => (_shared, Rank) = (shared, rank);

    public int Rank { get; }

    public int Size => _shared.Slots.Length;

    /// <summary>
    /// Runs the same work on so many ranks and gives their results. An error of one rank ends the others' waiting; it is thrown, or that of
    /// the lowest rank where several have one of their own.
    /// </summary>
    public static T[] Run<T>(int size, Func<IProcessGroup, T> work)
    {
        (T?[] results, Exception?[] errors) = Try(size, work);
        Exception? first = errors.FirstOrDefault(error => error is not null and not OperationCanceledException)
            ?? errors.FirstOrDefault(error => error is not null);
        if (first is not null)
            ExceptionDispatchInfo.Throw(first);
        return results!;
    }

    /// <summary>The same with all errors.</summary>
    public static (T?[] Results, Exception?[] Errors) Try<T>(int size, Func<IProcessGroup, T> work)
    {
        using var shared = new Shared(size);
        var results = new T?[size];
        var errors = new Exception?[size];
        Thread[] threads = [.. Enumerable.Range(0, size).Select(rank => new Thread(() =>
        {
            try
            {
                results[rank] = work(new ThreadGroup(shared, rank));
            }
            catch (Exception error)
            {
                errors[rank] = error;
                shared.End.Cancel();
            }
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        return (results, errors);
    }

    public void AllReduce(Span<float> values)
    {
        float[][] all = Exchange(values.ToArray());
        for (int i = 0; i < values.Length; i++)
            values[i] = Sum(all, i, 0, Size);
    }

    public void Broadcast(Span<byte> values, int root) => Exchange(values.ToArray())[root].CopyTo(values);

    public IReadOnlyList<byte[]> AllGather(ReadOnlySpan<byte> values) => Exchange(values.ToArray());

    public void Barrier() => Exchange(Array.Empty<byte>());

    private T[][] Exchange<T>(T[] own)
    {
        _shared.Slots[Rank] = own;
        _shared.Meeting.SignalAndWait(_shared.End.Token);
        T[][] all = [.. _shared.Slots.Cast<T[]>()];
        _shared.Meeting.SignalAndWait(_shared.End.Token);
        return all;
    }

    private static float Sum(float[][] all, int i, int from, int count)
    {
        if (count == 1)
            return all[from][i];
        int first = 1;
        while (first * 2 < count)
            first *= 2;
        return Sum(all, i, from, first) + Sum(all, i, from + first, count - first);
    }

    private sealed class Shared(int size) : IDisposable
    {
        public object[] Slots { get; } = new object[size];

        public Barrier Meeting { get; } = new(size);

        public CancellationTokenSource End { get; } = new();

        public void Dispose()
        {
            Meeting.Dispose();
            End.Dispose();
        }
    }
}
