namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>Times of a run: all of it, and of the training between two reports with validations left out.</summary>
internal sealed class TrainingClock(TimeProvider clock, (double All, double Window, double Validation) earlierSeconds = default)
{
    private readonly long _start = Before(clock, earlierSeconds.All);
    private long _windowStart = Before(clock, earlierSeconds.Window);

    public TimeSpan Elapsed => clock.GetElapsedTime(_start);

    /// <summary>Seconds the last validation took; 0 before the first.</summary>
    public double ValidationSeconds { get; private set; } = earlierSeconds.Validation;

    /// <summary>Time of training since the last <see cref="TakeWindow"/>.</summary>
    public TimeSpan Window => clock.GetElapsedTime(_windowStart);

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

    /// <summary>Does something that is no training, such as writing a checkpoint, outside the training window.</summary>
    public void Pausing(Action action)
    {
        long start = clock.GetTimestamp();
        action();
        _windowStart += clock.GetTimestamp() - start;
    }

    private static long Before(TimeProvider clock, double seconds) => clock.GetTimestamp() - (long)(seconds * clock.TimestampFrequency);
}
