using System.Runtime.InteropServices;

namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>Puts files and the names in folders onto the disk itself, so that they are still there after a power cut.</summary>
internal static partial class DurableFiles
{
    // AT_FDCWD, and the flags of renameat2 on Linux and of renamex_np on macOS.
    private const int CurrentFolder = -100;
    private const uint RenameExchange = 2, RenameSwap = 2;

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

    /// <summary>
    /// Exchanges two names in one step, so that at no moment one of them is missing. Linux and macOS can do that on most file systems.
    /// </summary>
    /// <returns>Whether it was done; false where the system or the file system cannot.</returns>
    public static bool TryExchange(string first, string second)
    {
        try
        {
            if (OperatingSystem.IsLinux())
                return RenameAt2(CurrentFolder, first, CurrentFolder, second, RenameExchange) == 0;
            return OperatingSystem.IsMacOS() && RenameX(first, second, RenameSwap) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            // A C library from before 2018 does not have the call.
            return false;
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

    [LibraryImport("libc", EntryPoint = "renameat2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt2(int firstFolder, string first, int secondFolder, string second, uint flags);

    [LibraryImport("libc", EntryPoint = "renamex_np", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameX(string first, string second, uint flags);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
