using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Training.Checkpoints;

/// <summary>
/// A folder of checkpoints, one folder each, named by step. One appears by a rename, when all of it is on the disk, and goes by another:
/// whatever a killed process leaves behind begins with a dot and is removed by the next. Held by one training at a time.
/// </summary>
internal sealed class CheckpointStore : IDisposable
{
    private const string Prefix = "step-";
    private readonly FileStream _lock;

    /// <exception cref="IOException">Another training has the folder open.</exception>
    public CheckpointStore(string folder)
    {
        Folder = Path.GetFullPath(folder);
        Directory.CreateDirectory(Folder);
        string file = Path.Combine(Folder, ".lock");
        try
        {
            // The system lets go of it whichever way the process ends.
            _lock = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error)
        {
            throw new IOException(
                $"The checkpoint folder {Folder} cannot be locked; another training may be using it. Wait for its end, or set Checkpoints.Folder to another folder. ({error.Message})", error);
        }
        foreach (string left in Directory.EnumerateDirectories(Folder, $".{Prefix}*"))
            Directory.Delete(left, recursive: true);
    }

    public string Folder { get; }

    /// <summary>The steps that there are checkpoints of, newest first.</summary>
    public IReadOnlyList<long> Steps()
    {
        var steps = new List<long>();
        foreach (string path in Directory.EnumerateDirectories(Folder, Prefix + "*"))
        {
            if (long.TryParse(Path.GetFileName(path).AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long step)
                && PathOf(step) == path)
                steps.Add(step);
        }
        steps.Sort((a, b) => b.CompareTo(a));
        return steps;
    }

    public string PathOf(long step) => Path.Combine(Folder, Name(step));

    /// <summary>
    /// Adds a checkpoint, which <paramref name="write"/> puts into the folder it is given, and removes all but the newest
    /// <paramref name="keep"/>.
    /// </summary>
    public void Add(long step, int keep, Action<string> write)
    {
        string aside = Path.Combine(Folder, "." + Name(step)), path = PathOf(step);
        try
        {
            Directory.CreateDirectory(aside);
            write(aside);
            NativeFiles.FlushFolder(aside);
            Directory.Move(aside, path);
        }
        catch
        {
            if (Directory.Exists(aside))
                Directory.Delete(aside, recursive: true);
            throw;
        }
        NativeFiles.FlushFolder(Folder);
        foreach (long old in Steps().Skip(keep))
            Remove(old);
    }

    /// <summary>Removes a checkpoint: first its name, so that it is never seen in parts.</summary>
    public void Remove(long step)
    {
        string aside = Path.Combine(Folder, $".{Name(step)}.old");
        Directory.Move(PathOf(step), aside);
        Directory.Delete(aside, recursive: true);
    }

    public void Dispose() => _lock.Dispose();

    private static string Name(long step) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{step:D9}");
}
