using Microsoft.ML.MaskedDiffusion.ProcessGroups;

namespace Microsoft.ML.MaskedDiffusion.Training.Ranks;

/// <summary>
/// The first rank's time, which stands still on all ranks until the next one is agreed on: what depends on the time is then decided alike.
/// </summary>
internal sealed class GroupClock : TimeProvider
{
    private readonly TimeProvider _own;
    private readonly long _start;
    private long _agreed;

    public GroupClock(IProcessGroup group, TimeProvider own)
    {
        (_own, _start) = (own, own.GetTimestamp());
        _agreed = group.FromFirst(() => Own);
    }

    /// <summary>This rank's time, to send to the others.</summary>
    public long Own => _own.GetElapsedTime(_start).Ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _agreed;

    /// <summary>Takes what the first rank has sent.</summary>
    public void Agree(long time) => _agreed = time;
}
