using System.Runtime.InteropServices;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Memory;

/// <summary>The C library's heap and environment, which libtorch sees (.NET's own environment is a copy).</summary>
internal static partial class NativeHeap
{
    // malloc.h
    private const int TrimThreshold = -1;
    private const int TopPad = -2;
    private const int MmapThreshold = -3;

    // sys/mman.h
    private const int HugePage = 14;

    private static readonly string[] UserSettings =
        ["MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_MMAP_MAX_"];

    /// <summary>
    /// Tells glibc's malloc to give nothing back to the system and to take big blocks from the heap too: a training step frees and asks for
    /// the same blocks over and over, and page faults on fresh memory would cost nearly half the speed. The biggest come from the system
    /// all the same, since the heap often does not find an aligned block's place again for another of its size (it looks for a place with
    /// room to align it in), and such holes would stay; a <see cref="BufferPool"/> keeps those that a step needs. Does nothing elsewhere,
    /// or where the user has set up malloc by its environment.
    /// </summary>
    public static void KeepFreedMemory()
    {
        if (!IsGlibc() || UserSettings.Any(name => Environment.GetEnvironmentVariable(name) is not null))
            return;
        if (Environment.GetEnvironmentVariable("GLIBC_TUNABLES")?.Contains("glibc.malloc", StringComparison.Ordinal) == true)
            return;
        _ = MallocOption(MmapThreshold, 32 << 20); // the most that it takes
        _ = MallocOption(TrimThreshold, -1);
        _ = MallocOption(TopPad, 64 << 20);
    }

    /// <summary>
    /// Gives memory that was freed back to the system, which <see cref="KeepFreedMemory"/> puts off: for the end of something large, not
    /// for every step. Up to 64 MiB stay in the heap of each thread that allocated.
    /// </summary>
    public static void GiveBack()
    {
        if (IsGlibc())
            _ = Trim(0);
    }

    /// <summary>
    /// Asks Linux for pages of two megabytes under memory that has not been written yet: reading much of it in one go is then faster by a
    /// fifth, since a processor knows the places of few pages. Does nothing elsewhere, or where the system has no such pages to give.
    /// </summary>
    public static unsafe void PreferHugePages(void* memory, long bytes)
    {
        const nint Page = 4096;
        nint first = ((nint)memory + Page - 1) / Page * Page, end = (nint)(((nint)memory + bytes) / Page * Page);
        if (OperatingSystem.IsLinux() && end > first)
            _ = Advise(first, (nuint)(end - first), HugePage);
    }

    /// <summary>Sets a variable for native libraries that load later, unless it is set.</summary>
    public static void SetIfUnset(string name, string value)
    {
        if (OperatingSystem.IsLinux())
            _ = SetEnvironment(name, value, 0);
    }

    private static bool IsGlibc() =>
        OperatingSystem.IsLinux() && NativeLibrary.TryLoad("libc.so.6", out nint library)
            && NativeLibrary.TryGetExport(library, "gnu_get_libc_version", out _);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int MallocOption(int option, int value);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint keep);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint memory, nuint bytes, int advice);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
