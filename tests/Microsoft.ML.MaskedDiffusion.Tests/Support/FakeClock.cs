namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>A clock that stands still until it is told to move; optionally every look at it takes a while.</summary>
internal sealed class FakeClock(double secondsPerLook = 0) : TimeProvider
{
    private double _seconds;

    public override long TimestampFrequency => 1_000_000;

    public void Advance(double seconds) => _seconds += seconds;

    public override long GetTimestamp()
    {
        _seconds += secondsPerLook;
        return (long)Math.Round(_seconds * TimestampFrequency);
    }
}
