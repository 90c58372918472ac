using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Robustness;

/// <summary>What a process holds at a moment.</summary>
/// <param name="ManagedMegabytes">Objects that are in use, after a collection of garbage.</param>
/// <param name="NativeMegabytes">
/// What malloc has given and not got back; 0 where it is not glibc's. What it keeps for later, which grows with the number of threads that
/// ever allocated, is resident all the same.
/// </param>
/// <param name="ResidentMegabytes">All of it that is in memory, libraries included.</param>
/// <param name="OpenFiles">Open files and connections.</param>
/// <param name="Threads">Threads.</param>
internal readonly partial record struct SoakSample(
    double ManagedMegabytes, double NativeMegabytes, double ResidentMegabytes, int OpenFiles, int Threads)
{
    private const double Megabyte = 1 << 20;

    public static SoakSample Take()
    {
        using var process = Process.GetCurrentProcess();
        int files = OperatingSystem.IsLinux() ? Directory.GetFiles("/proc/self/fd").Length : process.HandleCount;
        return new SoakSample(GC.GetTotalMemory(forceFullCollection: true) / Megabyte, Native() / Megabyte, process.WorkingSet64 / Megabyte,
            files, process.Threads.Count);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{ManagedMegabytes,5:N0} MB managed {NativeMegabytes,5:N0} MB native {ResidentMegabytes,6:N0} MB resident {OpenFiles,4} files "
        + $"{Threads,3} threads");

    private static double Native()
    {
        try
        {
            if (!OperatingSystem.IsLinux())
                return 0;
            AllocatedMemory info = MallInfo2();
            return info.Given + info.Mapped;
        }
        catch (EntryPointNotFoundException)
        {
            return 0;
        }
    }

    [LibraryImport("libc", EntryPoint = "mallinfo2")]
    private static partial AllocatedMemory MallInfo2();

    // glibc's struct mallinfo2, ten numbers of a pointer's size.
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct AllocatedMemory
    {
        private readonly nuint _arena, _freeChunks, _fastChunks, _mappedBlocks, _mapped, _most, _fastFree, _given, _free, _trimmable;

        public double Given => _given;

        public double Mapped => _mapped;
    }
}
