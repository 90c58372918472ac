using System.Text.RegularExpressions;

namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>
/// The names under which one writer prepares a file or a folder, beside the place where it shall appear. For a target "lm.zip" they are
/// ".lm.zip.{32 hexadecimal digits}" followed by ".mdm-part" (what is incomplete), ".mdm-old" (what stood at the target before, always
/// whole) and ".mdm-lock". The lock file is open as long as the writer lives, and the system closes it whichever way the process ends. A
/// lock file of that name which can be locked therefore proves that its writer is gone; <see cref="CleanUp"/> touches nothing else.
/// </summary>
internal sealed partial class WriteClaim : IDisposable
{
    private const string LockSuffix = ".mdm-lock";

    private readonly string _lockPath;
    private readonly FileStream _lock;

    // Where what is complete has changed names with what stood there, which is at Part until it is discarded or put back.
    private string? _exchanged;

    /// <summary>Takes names that nobody else has.</summary>
    /// <param name="target">The full path where the result shall appear; its folder must exist.</param>
    /// <exception cref="IOException">The folder does not exist, or nothing can be written to it.</exception>
    public WriteClaim(string target)
        : this(Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.{Guid.NewGuid():N}"), FileMode.CreateNew)
    {
    }

    private WriteClaim(string stem, FileMode mode)
    {
        (Part, Old, _lockPath) = (stem + ".mdm-part", stem + ".mdm-old", stem + LockSuffix);
        _lock = new FileStream(_lockPath, mode, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
    }

    /// <summary>The path of what is incomplete. It may be deleted at any time once the writer is gone.</summary>
    public string Part { get; }

    /// <summary>The path of what stood at the target before. It is always whole.</summary>
    public string Old { get; }

    /// <summary>
    /// Removes what writers that are gone left in a folder. Where such a writer had moved the earlier folder away from its target and had
    /// not yet put the new one there, the earlier one is moved back. Writers that are alive and files of other names are left alone. What
    /// cannot be removed (for example on a read-only disk) stays.
    /// </summary>
    public static void CleanUp(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        string[] locks;
        try
        {
            locks = Directory.GetFiles(folder, ".*" + LockSuffix);
        }
        catch (Exception error) when (DiskError.Is(error))
        {
            // A folder may be open to writing and closed to looking.
            return;
        }
        foreach (string path in locks)
        {
            if (LockName().Match(Path.GetFileName(path)) is not { Success: true } name)
                continue;
            string target = Path.Combine(folder, name.Groups["target"].Value);
            try
            {
                using var dead = new WriteClaim(path[..^LockSuffix.Length], FileMode.Open);
                if (Directory.Exists(dead.Old) && !Directory.Exists(target) && !File.Exists(target))
                    Directory.Move(dead.Old, target);
                dead.Discard();
            }
            catch (Exception error) when (DiskError.Is(error))
            {
                // The writer is alive, another process cleans up, or the disk refuses. What is there stays for the next time.
            }
        }
    }

    /// <summary>
    /// Puts what is complete in the place of what is there, which is not lost before <see cref="Discard"/>: where the system can, the two
    /// exchange their names, and a folder is moved to <see cref="Old"/> otherwise. Only a file is lost where names cannot be exchanged.
    /// </summary>
    /// <exception cref="IOException">The disk refuses.</exception>
    public void Place(string target)
    {
        bool isFile = File.Exists(Part);
        bool isReplaced = isFile ? File.Exists(target) : Directory.Exists(target);
        if (isReplaced && DurableFiles.TryExchange(Part, target))
        {
            _exchanged = target;
            return;
        }
        if (isFile)
        {
            File.Move(Part, target, overwrite: true);
            return;
        }
        if (isReplaced)
            Directory.Move(target, Old);
        Directory.Move(Part, target);
    }

    /// <summary>
    /// Deletes what is incomplete and what stood at the target before. What the disk refuses stays for a later <see cref="CleanUp"/>: what
    /// stands at the target is whole.
    /// </summary>
    public void Discard()
    {
        _exchanged = null;
        try
        {
            DeletePart();
            if (!Directory.Exists(Old))
                return;
            // It is renamed before it is deleted, because half of it must never be taken for whole.
            Directory.Move(Old, Part);
            DeletePart();
        }
        catch (Exception error) when (DiskError.Is(error))
        {
            // Dispose leaves the lock file, by which it is found.
        }
    }

    /// <summary>
    /// After a failure: puts what stood at the target back and deletes what is incomplete. What the disk refuses stays for a later
    /// <see cref="CleanUp"/>, so that the caller can report the failure itself.
    /// </summary>
    public void Undo(string target)
    {
        // Where they cannot change back, what is new stays, and is whole.
        if (_exchanged is not null && !DurableFiles.TryExchange(Part, _exchanged))
            return;
        _exchanged = null;
        try
        {
            if (Directory.Exists(Old))
            {
                if (Directory.Exists(target))
                    Directory.Move(target, Part);
                Directory.Move(Old, target);
            }
            DeletePart();
        }
        catch (Exception error) when (DiskError.Is(error))
        {
            // The failure that led here is the one that the user has to know.
        }
    }

    /// <summary>
    /// Gives the names up. The lock file goes too, unless something is left that a later <see cref="CleanUp"/> has to find.
    /// </summary>
    public void Dispose()
    {
        _lock.Dispose();
        if (File.Exists(Part) || Directory.Exists(Part) || Directory.Exists(Old))
            return;
        try
        {
            File.Delete(_lockPath);
        }
        catch (Exception error) when (DiskError.Is(error))
        {
            // An empty file is left, which a later clean-up removes.
        }
    }

    private void DeletePart()
    {
        if (Directory.Exists(Part))
            Directory.Delete(Part, recursive: true);
        else
            File.Delete(Part);
    }

    [GeneratedRegex(@"\A\.(?<target>.+)\.[0-9a-f]{32}\.mdm-lock\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex LockName();
}
