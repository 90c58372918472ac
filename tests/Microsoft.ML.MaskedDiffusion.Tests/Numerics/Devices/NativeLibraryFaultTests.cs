using Microsoft.ML.MaskedDiffusion.Numerics.Devices;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class NativeLibraryFaultTests
{
    private const string Advice =
        "Unable to load shared library '/app/libLibTorchSharp.so' or one of its dependencies. " +
        "In order to help diagnose loading problems, consider using a tool like strace.";

    /// <summary>A library that is there and does not load.</summary>
    internal static readonly NativeLibraryFault Linux = new()
    {
        Platform = "linux-x64",
        TorchSharpVersion = "0.107.0",
        Library = "libLibTorchSharp.so",
        Folder = "/app",
        LibraryPath = "/app/libLibTorchSharp.so",
        HasLibTorch = true,
    };

    [TestMethod]
    public void AMissingLibraryAsksForThePackage() =>
        Check(Linux with { LibraryPath = null }, "libLibTorchSharp.so", "neither in /app nor in its folder runtimes/linux-x64/native",
            "TorchSharp-cpu 0.107.0");

    [TestMethod]
    [DataRow("GLIBCXX_3.4.32", "RelaxTorchSharpLibstdcxxVersion to true")]
    [DataRow("GLIBCXX_3.4.33", "a newer system")]
    [DataRow("GLIBC_2.38", "a newer system")]
    public void AMissingVersionIsNamed(string version, string remedy)
    {
        string said =
            $"{Advice}\n/lib/x86_64-linux-gnu/libstdc++.so.6: version `{version}' not found (required by /app/libLibTorchSharp.so)\n";
        Check(Linux with { LoaderMessage = said }, "/app/libLibTorchSharp.so", $"it needs {version}, which", remedy);
    }

    [TestMethod]
    public void AMissingLibtorchAsksForThePackage()
    {
        string said = $"{Advice}\nlibtorch.so: cannot open shared object file: No such file or directory\n";
        Check(Linux with { LoaderMessage = said, HasLibTorch = false }, "/app/libLibTorchSharp.so",
            "libtorch, on which it depends, is not beside it",
            "TorchSharp-cpu 0.107.0 (or, for linux-x64 only, libtorch-cpu-linux-x64)",
            "or name in MDM_LIBTORCH the folder of a PyTorch");
    }

    [TestMethod]
    [DataRow("/app/libLibTorchSharp.so: wrong ELF class: ELFCLASS32")]
    [DataRow("/app/libLibTorchSharp.so: invalid ELF header")]
    [DataRow("An attempt was made to load a program with an incorrect format. (0x8007000B)")]
    public void AnotherPlatformsLibraryIsCalledThat(string said) =>
        Check(Linux with { LoaderMessage = said }, "/app/libLibTorchSharp.so", "damaged or made for another platform than linux-x64",
            "publish it for linux-x64");

    [TestMethod]
    public void AnotherReasonIsTheLoaders()
    {
        string said = $"{Advice}\nlibgomp.so.1: cannot open shared object file: No such file or directory\n/app/other.so: cannot open\n";
        Check(Linux with { LoaderMessage = said }, "/app/libLibTorchSharp.so", "refuses it: libgomp.so.1: cannot open shared object file",
            "install what the loader names");
        NativeLibraryFault windows = Linux with { Platform = "win-x64", LibraryPath = @"C:\app\LibTorchSharp.dll" };
        Check(windows with { LoaderMessage = "Unable to load DLL: The specified module could not be found. (0x8007007E)" },
            @"C:\app\LibTorchSharp.dll", "The specified module could not be found", "Visual C++ Redistributable");
    }

    [TestMethod]
    public void ALibraryThatLoadsLeavesTorchSharpsReason() =>
        Check(Linux with { TorchSharpMessage = "no backend" }, "libtorch", "TorchSharp 0.107.0 reports: no backend",
            "the version that TorchSharp 0.107.0 was built for");

    [TestMethod]
    public void TheLibraryOfThisProcessIsFoundAndLoads()
    {
        NativeLibraryFault here = NativeLibraryFault.Find("0.107.0", "first line\nthe long trace");
        Assert.IsNotNull(here.LibraryPath);
        Assert.IsTrue(here.HasLibTorch);
        Assert.IsNull(here.LoaderMessage);
        Assert.AreEqual("first line", here.TorchSharpMessage);
    }

    private static void Check(NativeLibraryFault fault, string library, string reason, params string[] remedies)
    {
        string[] lines = fault.Explain().Split('\n');
        Assert.HasCount(3, lines);
        StringAssert.StartsWith(lines[0], $"libtorch cannot be loaded. Library: {library}");
        StringAssert.StartsWith(lines[1], "Reason: ");
        StringAssert.Contains(lines[1], reason);
        StringAssert.StartsWith(lines[2], "What to do: ");
        foreach (string remedy in remedies)
            StringAssert.Contains(lines[2], remedy);
        Limit.Below(1000, fault.Explain().Length);
    }
}
