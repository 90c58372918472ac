using System.CommandLine;
using System.Runtime.InteropServices;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks;

/// <summary>
/// The C library's heap during a measurement, the same for this library and the plain code. The library makes malloc keep what is freed,
/// but glibc takes blocks of more than 32 MB from the system each time all the same, such as the logits of a large vocabulary; this library
/// keeps those in a pool, and plain code has none.
/// </summary>
internal static partial class HeapChoice
{
    /// <summary>The largest blocks stay in the heap too.</summary>
    public const string All = "all";

    private const string Library = "library";

    // malloc.h
    private const int MostMappedBlocks = -4;

    public static Option<string> Option()
    {
        var option = new Option<string>("--heap")
        {
            Description =
                $"{Library}: malloc as the library sets it; {All}: the largest blocks stay in the heap too, which is best for plain code",
            DefaultValueFactory = _ => All,
        };
        option.AcceptOnlyFromAmong(Library, All);
        return option;
    }

    /// <summary>Sets the heap, for the rest of the process.</summary>
    public static void Apply(string choice)
    {
        NativeRuntime.EnsureLoaded();
        if (choice == All && OperatingSystem.IsLinux())
            _ = SetMallocOption(MostMappedBlocks, 0);
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetMallocOption(int option, int value);
}
