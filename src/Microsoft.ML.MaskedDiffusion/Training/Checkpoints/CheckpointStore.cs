using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Training.Checkpoints;

/// <summary>
/// A folder of checkpoints. Each checkpoint is a folder named by its step, which appears by a rename when all of it is on the disk, and
/// disappears by another. One training at a time holds the folder; it removes what killed trainings left in it.
/// </summary>
internal sealed class CheckpointStore : IDisposable
{
    private const string Prefix = "step-";
    private readonly FolderLock _lock;

    /// <exception cref="IOException">Another training has the folder open.</exception>
    public CheckpointStore(string folder)
    {
        Folder = Path.GetFullPath(folder);
        _lock = new FolderLock(Folder, "checkpoint folder", "Checkpoints.Folder");
    }

    public string Folder { get; }

    /// <summary>The steps that there are checkpoints of, newest first.</summary>
    public IReadOnlyList<long> Steps()
    {
        var steps = new List<long>();
        foreach (string path in Directory.EnumerateDirectories(Folder, Prefix + "*"))
        {
            if (StepOf(Path.GetFileName(path)) is { } step)
                steps.Add(step);
        }
        steps.Sort((a, b) => b.CompareTo(a));
        return steps;
    }

    public string PathOf(long step) => PathOf(Folder, step);

    /// <summary>Where a folder of checkpoints has that of a step.</summary>
    public static string PathOf(string folder, long step) => Path.Combine(Path.GetFullPath(folder), NameOf(step));

    /// <summary>
    /// Adds a checkpoint, which <paramref name="write"/> writes into the folder that it is given, and then removes all but the newest
    /// <paramref name="keep"/>.
    /// </summary>
    /// <exception cref="IOException">The disk refuses; the earlier checkpoints are unchanged.</exception>
    public void Add(long step, int keep, Action<string> write)
    {
        AtomicFolder.Write(PathOf(step), CheckpointFiles.FindOurs, write);
        foreach (long old in Steps().Skip(keep))
            Remove(old);
    }

    /// <summary>Refuses a checkpoint's place where something else is, which the training could not replace when it gets there.</summary>
    /// <exception cref="IOException">The place holds files that are not a checkpoint's.</exception>
    public void RequireReplaceable(long step) => AtomicFolder.RequireReplaceable(PathOf(step), CheckpointFiles.FindOurs);

    /// <summary>Removes a checkpoint, unless its folder holds files that are not the checkpoint's.</summary>
    public void Remove(long step)
    {
        OwnFiles ours = CheckpointFiles.FindOurs(PathOf(step));
        if (ours.Doubt is null && ours.FirstOther(PathOf(step)) is null)
            AtomicFolder.Delete(PathOf(step));
    }

    public void Dispose() => _lock.Dispose();

    private static string NameOf(long step) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{step:D9}");

    private static long? StepOf(string name)
    {
        if (!name.StartsWith(Prefix, StringComparison.Ordinal))
            return null;
        bool isNumber = long.TryParse(name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long step);
        return isNumber && NameOf(step) == name ? step : null;
    }
}
