namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>
/// A file that appears whole or not at all: it is written beside its target, flushed to the disk, renamed, and the rename is flushed too.
/// Until then, and after any failure, what stood at the target is unchanged. What a killed process leaves behind is removed by the next
/// write to the same folder (see <see cref="WriteClaim"/>). Not thread-safe; writers of the same target may run at once, and the last one
/// to commit wins.
/// </summary>
internal sealed class AtomicFile : IDisposable
{
    private readonly string _path;
    private readonly WriteClaim _claim;

    /// <summary>Begins a file.</summary>
    /// <param name="path">
    /// Names the folder, which must exist, and the temporary file; <see cref="Commit"/> decides on the final name.
    /// </param>
    /// <exception cref="IOException">The folder does not exist, or nothing can be written to it.</exception>
    public AtomicFile(string path)
    {
        _path = Path.GetFullPath(path);
        WriteClaim.CleanUp(Path.GetDirectoryName(_path)!);
        _claim = new WriteClaim(_path);
        try
        {
            Stream = new FileStream(_claim.Part, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16);
        }
        catch
        {
            _claim.Dispose();
            throw;
        }
    }

    /// <summary>What is written so far; it can be read and rewritten. Closed by <see cref="Commit"/>.</summary>
    public FileStream Stream { get; }

    /// <summary>Writes a file in one go.</summary>
    /// <param name="path">The file; its folder must exist. A file that is there is replaced.</param>
    /// <param name="write">Writes the content; its exceptions, a cancellation among them, leave everything as it was.</param>
    /// <exception cref="IOException">The disk refuses; what stood there before is unchanged, but see <see cref="Commit"/>.</exception>
    public static void Write(string path, Action<FileStream> write)
    {
        using var file = new AtomicFile(path);
        write(file.Stream);
        file.Commit(path);
    }

    /// <summary>Puts the file in its place, which is in the folder of the constructor's path. A file that is there is replaced.</summary>
    /// <exception cref="IOException">
    /// The disk refuses; what stood there before is unchanged, unless the file system cannot exchange names and only the rename could not
    /// be flushed. Then the new file stands there.
    /// </exception>
    public void Commit(string path)
    {
        Stream.Flush(flushToDisk: true);
        Stream.Dispose();
        _claim.Place(path);
        DurableFiles.FlushFolder(Path.GetDirectoryName(_path)!);
        _claim.Discard();
    }

    /// <summary>Removes the file if it was not put in its place.</summary>
    public void Dispose()
    {
        try
        {
            Stream.Dispose();
        }
        catch (IOException)
        {
            // Bytes that wait in the buffer may find no room on the disk. The file is deleted anyway.
        }
        _claim.Undo(_path);
        _claim.Dispose();
    }
}
