namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>Times of a run: all of it, and of the training between two reports with validations left out.</summary>
internal sealed class TrainingClock(TimeProvider clock)
{
    private readonly long _start = clock.GetTimestamp();
    private long _windowStart = clock.GetTimestamp();

    public TimeSpan Elapsed => clock.GetElapsedTime(_start);

    /// <summary>Seconds the last validation took; 0 before the first.</summary>
    public double ValidationSeconds { get; private set; }

    /// <summary>Time of training since the last call.</summary>
    public TimeSpan TakeWindow()
    {
        long now = clock.GetTimestamp();
        TimeSpan window = clock.GetElapsedTime(_windowStart, now);
        _windowStart = now;
        return window;
    }

    /// <summary>Runs a validation outside the training window.</summary>
    public T Validating<T>(Func<T> validation)
    {
        long start = clock.GetTimestamp();
        T result = validation();
        long end = clock.GetTimestamp();
        ValidationSeconds = clock.GetElapsedTime(start, end).TotalSeconds;
        _windowStart += end - start;
        return result;
    }
}
