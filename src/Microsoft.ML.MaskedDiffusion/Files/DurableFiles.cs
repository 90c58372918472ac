using System.Runtime.InteropServices;

namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>Puts files and the names in folders onto the disk itself, so that they are still there after a power cut.</summary>
internal static partial class DurableFiles
{
    // The errno values of Linux.
    private const int PermissionDenied = 13, InvalidArgument = 22;

    /// <summary>Creates a file, lets <paramref name="write"/> fill it, and flushes it to the disk.</summary>
    /// <exception cref="IOException">The file exists already, or the disk refuses it.</exception>
    public static void Create(string path, Action<Stream> write)
    {
        using var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        write(stream);
        stream.Flush(flushToDisk: true);
    }

    /// <summary>
    /// Flushes the names in a folder (new, renamed and removed ones) to the disk. Linux needs this call; on other systems it does nothing,
    /// because their file systems write names in order. The contents of the files are not flushed by it.
    /// </summary>
    /// <exception cref="IOException">The disk refuses.</exception>
    public static void FlushFolder(string path)
    {
        if (!OperatingSystem.IsLinux())
            return;
        int descriptor = Open(path, 0);
        if (descriptor < 0)
        {
            // A folder that may be written but not read cannot be opened, so there is no way to flush it.
            if (Marshal.GetLastPInvokeError() == PermissionDenied)
                return;
            throw Failed("open", path);
        }
        try
        {
            // This error means that the file system cannot flush folders at all.
            if (Flush(descriptor) != 0 && Marshal.GetLastPInvokeError() != InvalidArgument)
                throw Failed("flush", path);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    /// <summary>Flushes the names in a folder and in all folders below it.</summary>
    /// <exception cref="IOException">The disk refuses.</exception>
    public static void FlushTree(string path)
    {
        foreach (string folder in Directory.EnumerateDirectories(path, "*", SearchOption.AllDirectories))
            FlushFolder(folder);
        FlushFolder(path);
    }

    private static IOException Failed(string what, string path) =>
        new($"The folder {path} cannot be flushed to the disk; the call to {what} it failed: {Marshal.GetLastPInvokeErrorMessage()}.");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
