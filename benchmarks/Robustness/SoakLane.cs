using System.Diagnostics;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Robustness;

/// <summary>
/// One kind of work that is done again and again on a thread of its own. Every round must give the result of the first one, which was done
/// with nothing beside it and without interruptions.
/// </summary>
/// <param name="name">What is printed for it.</param>
/// <param name="round">
/// Does the work and returns its result as text. Gets a random number generator for all that may differ between rounds, null for the first.
/// </param>
internal sealed class SoakLane(string name, Func<Random?, string> round)
{
    private readonly Stopwatch _current = new();
    private string _expected = "";
    private Thread? _thread;
    private int _rounds, _different;

    public string Name => name;

    /// <summary>Rounds that are done, without the first one.</summary>
    public int Rounds => Volatile.Read(ref _rounds);

    /// <summary>Rounds with another result than the first one's.</summary>
    public int Different => Volatile.Read(ref _different);

    /// <summary>What a round threw, which ended the lane.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>How long the round that runs now has taken so far.</summary>
    public TimeSpan Current => _current.Elapsed;

    /// <summary>True after all rounds.</summary>
    public bool IsDone => _thread is { IsAlive: false };

    /// <summary>Does the first round, with which the others are compared.</summary>
    public void Expect() => _expected = round(null);

    /// <summary>Starts the rounds; a round that has begun when the token is cancelled is done to its end.</summary>
    public void Start(int seed, CancellationToken stop)
    {
        var random = new Random(seed);
        _thread = new Thread(() => Repeat(random, stop)) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Waits for the end of the lane, where it was started; false when it has not come within the limit.</summary>
    public bool Join(TimeSpan limit) => _thread?.Join(limit) ?? true;

    private void Repeat(Random random, CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                _current.Restart();
                if (round(random) != _expected)
                    Interlocked.Increment(ref _different);
                Interlocked.Increment(ref _rounds);
            }
        }
        catch (Exception error)
        {
            Failure = error;
        }
        finally
        {
            _current.Reset();
        }
    }
}
