using Microsoft.ML.MaskedDiffusion.Mpi;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How a process joins its MPI group; see <see cref="MpiProcessGroup.Start"/>.</summary>
public sealed class MpiOptions
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>
    /// How long a rank may be silent before the others give it up, 5 seconds to a day; ranks tell each other every second that they are
    /// there, also while they compute. A rank whose process ends is missed at once. <see cref="Timeout.InfiniteTimeSpan"/> opens no
    /// connections and watches nothing: MPI alone then decides what a lost rank means. Default 20 seconds.
    /// </summary>
    public TimeSpan LostAfter { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// How long <see cref="MpiProcessGroup.Start"/> waits for the other processes, above 0 and at most a day: one of them may have ended
    /// before it joined, or may never join. This process then writes so to the standard error and is killed, because MPI would wait for
    /// ever. <see cref="Timeout.InfiniteTimeSpan"/> waits as MPI does. Default 2 minutes.
    /// </summary>
    public TimeSpan StartWithin { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// The MPI library's file, such as "/opt/mpich/lib/libmpich.so.12". Default null: the environment variable
    /// <c>MDM_MPI_LIBRARY</c>, and where that is not set MPICH's usual names (libmpich.so.12, libmpi.so.12, libmpich.12.dylib,
    /// libmpi.12.dylib), where the system looks for libraries; msmpi.dll on Windows.
    /// </summary>
    public string? LibraryPath { get; set; }

    internal MpiOptions Clone() => (MpiOptions)MemberwiseClone();

    internal void Check()
    {
        if (LostAfter != Timeout.InfiniteTimeSpan && (LostAfter < RankWatch.LeastPatience || LostAfter > Day))
        {
            throw new ArgumentOutOfRangeException(nameof(LostAfter), LostAfter,
                $"LostAfter must be {RankWatch.LeastPatience.TotalSeconds} seconds to a day, or Timeout.InfiniteTimeSpan for no watch.");
        }
        if (StartWithin != Timeout.InfiniteTimeSpan && (StartWithin <= TimeSpan.Zero || StartWithin > Day))
        {
            throw new ArgumentOutOfRangeException(nameof(StartWithin), StartWithin,
                "StartWithin must be above 0 and at most a day, or Timeout.InfiniteTimeSpan to wait for ever.");
        }
        if (LibraryPath is not null && string.IsNullOrWhiteSpace(LibraryPath))
            throw new ArgumentOutOfRangeException(nameof(LibraryPath), LibraryPath, "LibraryPath must be null or the path of a file.");
    }
}
