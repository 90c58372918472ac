using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Devices;

/// <summary>
/// The threads that share our kernels' work: with the caller's, one for each core. A kernel lasts microseconds, so the threads wait
/// actively for the next one for a short while before they sleep. When there are several callers at once, one gets the threads and the
/// others work alone, since then the callers themselves keep the cores busy.
/// </summary>
internal static class Workers
{
    // Longer than the gap between two kernels of a layer, and too short to disturb other programs.
    private static readonly long SpinTicks = Stopwatch.Frequency / 1_000_000 * 60;
    private static readonly SemaphoreSlim Wake = new(0);
    private static readonly int Helpers = StartHelpers();
    private static int _taken;
    private static Action<int>? _body;
    private static int _count;
    private static int _next;
    private static int _open;
    private static int _inside;
    private static int _asleep;
    private static int _round;
    private static Exception? _error;

    /// <summary>Threads that work at once: the processor's cores.</summary>
    public static int Count => Helpers + 1;

    /// <summary>Runs <paramref name="body"/> for 0 .. <paramref name="count"/> - 1, in any order, and returns when all are done.</summary>
    public static void Run(int count, Action<int> body)
    {
        if (count <= 1 || Helpers == 0 || Interlocked.CompareExchange(ref _taken, 1, 0) != 0)
        {
            for (int i = 0; i < count; i++)
                body(i);
            return;
        }
        try
        {
            _body = body;
            _count = count;
            _error = null;
            _next = 0;
            Volatile.Write(ref _open, 1);
            Interlocked.Increment(ref _round);
            int asleep = Volatile.Read(ref _asleep);
            if (asleep > 0)
                Wake.Release(asleep);
            Work();
            // A thread that has not begun by now finds nothing to do and need not be waited for.
            Interlocked.Exchange(ref _open, 0);
            var spinner = default(SpinWait);
            while (Volatile.Read(ref _inside) != 0)
                spinner.SpinOnce(sleep1Threshold: -1);
            if (_error is { } error)
                ExceptionDispatchInfo.Throw(error);
        }
        finally
        {
            _body = null;
            Volatile.Write(ref _taken, 0);
        }
    }

    /// <summary>
    /// Runs <paramref name="body"/> on pieces [first, last) of 0 .. <paramref name="rows"/> - 1, of <paramref name="piece"/> rows but the
    /// last.
    /// </summary>
    public static void Rows(int rows, int piece, Action<int, int> body) =>
        Run((rows + piece - 1) / piece, i => body(i * piece, Math.Min(rows, (i + 1) * piece)));

    /// <inheritdoc cref="Rows(int, int, Action{int, int})"/>
    public static void Rows(long rows, int piece, Action<long, long> body) =>
        Run(checked((int)((rows + piece - 1) / piece)), i => body((long)i * piece, Math.Min(rows, (long)(i + 1) * piece)));

    private static int StartHelpers()
    {
        int helpers = Math.Max(0, Environment.ProcessorCount - 1);
        for (int i = 0; i < helpers; i++)
            new Thread(Help) { IsBackground = true, Name = "Masked diffusion kernel " + i }.Start();
        return helpers;
    }

    private static void Help()
    {
        int seen = 0;
        while (true)
        {
            seen = AwaitRound(seen);
            Interlocked.Increment(ref _inside);
            if (Volatile.Read(ref _open) == 1)
                Work();
            Interlocked.Decrement(ref _inside);
        }
    }

    private static int AwaitRound(int seen)
    {
        long until = Stopwatch.GetTimestamp() + SpinTicks;
        do
        {
            if (Volatile.Read(ref _round) != seen)
                return _round;
            Thread.SpinWait(4);
        }
        while (Stopwatch.GetTimestamp() < until);
        while (true)
        {
            Interlocked.Increment(ref _asleep);
            // The caller first advances the round and then counts the sleepers. So either this thread sees the round, or it is counted.
            if (Volatile.Read(ref _round) == seen)
                Wake.Wait();
            Interlocked.Decrement(ref _asleep);
            if (Volatile.Read(ref _round) != seen)
                return _round;
        }
    }

    private static void Work()
    {
        try
        {
            for (int i = Interlocked.Increment(ref _next) - 1; i < _count; i = Interlocked.Increment(ref _next) - 1)
                _body!(i);
        }
        catch (Exception error)
        {
            _error = error;
            Volatile.Write(ref _next, _count);
        }
    }
}
