namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>
/// Writes folders that appear whole or not at all. A folder is written beside its target; it, the folders in it and the renames are flushed
/// to the disk. Where the system can, a folder that is replaced exchanges its name with the new one, so the name is never missing. What a
/// killed process leaves behind is removed, and an earlier folder that it had moved away is put back, by the next call for the same parent
/// folder or by <see cref="WriteClaim.CleanUp"/>.
/// </summary>
internal static class AtomicFolder
{
    /// <summary>Writes a folder and puts it in the place of the one at <paramref name="path"/>, if there is one.</summary>
    /// <param name="path">The folder; the folder around it must exist.</param>
    /// <param name="findOurs">
    /// Finds what this library wrote in the folder that is there, given its path. A folder that holds anything else is not replaced.
    /// </param>
    /// <param name="write">
    /// Writes the content into the empty folder that it is given, each file by <see cref="DurableFiles.Create"/> or flushed in the same
    /// way. Its exceptions, a cancellation among them, leave everything as it was.
    /// </param>
    /// <exception cref="IOException">
    /// The disk refuses, or the folder that is there holds something else; what stood there before is unchanged.
    /// </exception>
    public static void Write(string path, Func<string, OwnFiles> findOurs, Action<string> write)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        RequireReplaceable(path, findOurs);
        string parent = Path.GetDirectoryName(path)!;
        WriteClaim.CleanUp(parent);
        using var claim = new WriteClaim(path);
        try
        {
            Directory.CreateDirectory(claim.Part);
            write(claim.Part);
            DurableFiles.FlushTree(claim.Part);
            claim.Place(path);
            DurableFiles.FlushFolder(parent);
        }
        catch
        {
            claim.Undo(path);
            throw;
        }
        claim.Discard();
    }

    /// <summary>
    /// Adds files to a folder that may hold others: they are written aside and moved in, in the order of their names, when all of them are
    /// complete. After a failure none of them is there. (Only a crash between two of the renames leaves a part of them.)
    /// </summary>
    /// <param name="folder">The folder, which must exist.</param>
    /// <param name="name">How the files are called together; part of the temporary names.</param>
    /// <param name="write">Writes the files into the empty folder that it is given, as in <see cref="Write"/>.</param>
    /// <exception cref="IOException">The disk refuses, or a file of such a name is there already.</exception>
    public static void AddFiles(string folder, string name, Action<string> write)
    {
        folder = Path.GetFullPath(folder);
        WriteClaim.CleanUp(folder);
        string target = Path.Combine(folder, name);
        using var claim = new WriteClaim(target);
        List<string> moved = [];
        try
        {
            Directory.CreateDirectory(claim.Part);
            write(claim.Part);
            foreach (string path in Directory.GetFiles(claim.Part).Order(StringComparer.Ordinal))
            {
                string place = Path.Combine(folder, Path.GetFileName(path));
                File.Move(path, place);
                moved.Add(place);
            }
            DurableFiles.FlushFolder(folder);
        }
        catch
        {
            claim.Undo(target);
            foreach (string place in moved)
                File.Delete(place);
            throw;
        }
        claim.Discard();
    }

    /// <summary>Refuses a folder that holds anything but what this library wrote there. It may be missing or empty.</summary>
    /// <exception cref="IOException">The folder holds something else.</exception>
    public static void RequireReplaceable(string path, Func<string, OwnFiles> findOurs)
    {
        if (!Directory.Exists(path))
            return;
        OwnFiles ours = findOurs(path);
        if (ours.FirstOther(path) is not { } other)
            return;
        string reason = ours.Doubt is null ? "" : $" ({ours.Doubt})";
        throw new IOException($"The folder {path} holds {other}, of which nothing proves that this library wrote it{reason}, so it is not "
            + "replaced. Move it elsewhere, or choose another folder.");
    }

    /// <summary>Deletes a folder. It loses its name first, so that half of it is never seen under that name.</summary>
    /// <exception cref="IOException">The disk refuses.</exception>
    public static void Delete(string path)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        using var claim = new WriteClaim(path);
        Directory.Move(path, claim.Part);
        claim.Discard();
    }
}
