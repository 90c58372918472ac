using System.Diagnostics;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Ranks;

/// <summary>Measures the time that a rank spends in the calls of its group, waiting for the others included.</summary>
internal sealed class TimedGroup(IProcessGroup inner) : IProcessGroup
{
    private long _reducing, _other;

    public int Rank => inner.Rank;

    public int Size => inner.Size;

    /// <summary>Seconds in <see cref="AllReduce"/> since the last call.</summary>
    public double TakeReducing() => Take(ref _reducing);

    /// <summary>Seconds in all other calls since the last call.</summary>
    public double TakeOther() => Take(ref _other);

    public void AllReduce(Span<float> values)
    {
        long start = Stopwatch.GetTimestamp();
        inner.AllReduce(values);
        _reducing += Stopwatch.GetTimestamp() - start;
    }

    public void Broadcast(Span<byte> values, int root)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Broadcast(values, root);
        _other += Stopwatch.GetTimestamp() - start;
    }

    public IReadOnlyList<byte[]> AllGather(ReadOnlySpan<byte> values)
    {
        long start = Stopwatch.GetTimestamp();
        IReadOnlyList<byte[]> all = inner.AllGather(values);
        _other += Stopwatch.GetTimestamp() - start;
        return all;
    }

    public void Barrier()
    {
        long start = Stopwatch.GetTimestamp();
        inner.Barrier();
        _other += Stopwatch.GetTimestamp() - start;
    }

    private static double Take(ref long ticks)
    {
        double seconds = (double)ticks / Stopwatch.Frequency;
        ticks = 0;
        return seconds;
    }
}
