using System.Runtime.InteropServices;

namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>What .NET has no call for: making a folder's names, new and renamed ones, outlive a power cut.</summary>
internal static partial class NativeFiles
{
    /// <summary>
    /// Flushes a folder's entries to the disk where the system is known to need it (Linux); its files are flushed by whoever writes them.
    /// </summary>
    public static void FlushFolder(string path)
    {
        if (!OperatingSystem.IsLinux())
            return;
        int descriptor = Open(path, 0);
        if (descriptor < 0)
            throw Failed("open", path);
        try
        {
            // EINVAL: a file system without such a notion has nothing to flush.
            if (Flush(descriptor) != 0 && Marshal.GetLastPInvokeError() != 22)
                throw Failed("flush", path);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static IOException Failed(string what, string path) =>
        new($"Cannot {what} the folder {path}: {Marshal.GetLastPInvokeErrorMessage()}.");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
