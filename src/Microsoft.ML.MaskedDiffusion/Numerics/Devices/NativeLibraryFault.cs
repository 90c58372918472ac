using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Devices;

/// <summary>
/// What was found of TorchSharp's native libraries after they could not be loaded, and the explanation that follows from it.
/// </summary>
internal sealed partial record NativeLibraryFault
{
    /// <summary>The runtime identifier, such as "linux-x64".</summary>
    public required string Platform { get; init; }

    /// <summary>TorchSharp's version, such as "0.107.0".</summary>
    public required string TorchSharpVersion { get; init; }

    /// <summary>The file name of TorchSharp's own native library on this platform.</summary>
    public required string Library { get; init; }

    /// <summary>The application's folder, where the library was looked for.</summary>
    public required string Folder { get; init; }

    /// <summary>Where TorchSharp's own native library is; null where it is missing.</summary>
    public string? LibraryPath { get; init; }

    /// <summary>Whether libtorch itself, on which that library depends, is beside it.</summary>
    public bool HasLibTorch { get; init; }

    /// <summary>Why the system's loader refuses the library; null where it loads it.</summary>
    public string? LoaderMessage { get; init; }

    /// <summary>The first line of what TorchSharp reported.</summary>
    public string TorchSharpMessage { get; init; } = "";

    /// <summary>Looks for the libraries of this application and tries to load TorchSharp's own.</summary>
    public static NativeLibraryFault Find(string torchSharpVersion, string torchSharpMessage)
    {
        (string system, string library, string libTorch) =
            OperatingSystem.IsWindows() ? ("win", "LibTorchSharp.dll", "torch_cpu.dll")
            : OperatingSystem.IsMacOS() ? ("osx", "libLibTorchSharp.dylib", "libtorch_cpu.dylib")
            : ("linux", "libLibTorchSharp.so", "libtorch_cpu.so");
        string platform = PlatformOf(system);
        string[] folders = SearchFolders();
        string? path = folders.Select(folder => Path.Combine(folder, library)).FirstOrDefault(File.Exists);
        return new NativeLibraryFault
        {
            Platform = platform,
            TorchSharpVersion = torchSharpVersion,
            Library = library,
            Folder = AppContext.BaseDirectory,
            LibraryPath = path,
            HasLibTorch = folders.Any(folder => File.Exists(Path.Combine(folder, libTorch))),
            LoaderMessage = path is null ? null : TryLoad(path),
            TorchSharpMessage = FirstLine(torchSharpMessage),
        };
    }

    /// <summary>Where .NET looks for the application's native libraries.</summary>
    public static string[] SearchFolders()
    {
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        string listed = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        return
        [
            AppContext.BaseDirectory,
            Path.Combine(AppContext.BaseDirectory, "runtimes", PlatformOf(system), "native"),
            .. listed.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
        ];
    }

    /// <summary>Which library cannot be loaded, why, and what to do.</summary>
    public string Explain()
    {
        string add =
            $"add the package TorchSharp-cpu {TorchSharpVersion} (or, for {Platform} only, libtorch-cpu-{Platform}) to the application";
        string rebuild = $"build or publish it for {Platform}";
        if (LibraryPath is null)
        {
            return Text(Library, $"it is neither in {Folder} nor in its folder runtimes/{Platform}/native",
                $"{add} and {rebuild}, and keep the native files beside the application.");
        }
        if (LoaderMessage is null)
        {
            return Text("libtorch", $"{LibraryPath} loads, but TorchSharp {TorchSharpVersion} reports: {TorchSharpMessage}",
                $"{add}, in the version that TorchSharp {TorchSharpVersion} was built for.");
        }
        if (MissingVersion().Match(LoaderMessage) is { Success: true } version)
            return Text(
                LibraryPath, $"it needs {version.Value}, which this system's libraries do not have", ForMissingVersion(version.Value));
        if (!HasLibTorch)
        {
            return Text(LibraryPath, "libtorch, on which it depends, is not beside it",
                $"{add} and {rebuild}, or name in {LibTorchFolder.Variable} the folder of a PyTorch of the version that TorchSharp "
                + $"{TorchSharpVersion} was built for.");
        }
        if (WrongFormat().IsMatch(LoaderMessage))
            return Text(LibraryPath, $"it is damaged or made for another platform than {Platform}", $"{rebuild}.");
        string install = Platform.StartsWith("win", StringComparison.Ordinal)
            ? "install the Microsoft Visual C++ Redistributable"
            : "install what the loader names";
        return Text(LibraryPath, $"the system's loader refuses it: {Detail(LoaderMessage)}",
            $"{install}, and keep all native files of the build beside the application.");
    }

    // Only this version is asked for without being used, so only this one can be relaxed.
    private static string ForMissingVersion(string version) => version == "GLIBCXX_3.4.32"
        ? "Microsoft.ML.MaskedDiffusion's build step changes the copy of the library in the output folder so that it loads here. Build " +
          "the application on this system, or set the MSBuild property RelaxTorchSharpLibstdcxxVersion to true where it is built " +
          "(false switches the step off); or use a system with the libstdc++ of GCC 13, such as Debian 13 or Ubuntu 24.04. " +
          "docs/native-library.md explains the step."
        : "use a newer system, such as Debian 13 or Ubuntu 24.04.";

    private static string PlatformOf(string system) =>
        $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";

    /// <summary>The three lines of every such message.</summary>
    internal static string Text(string which, string why, string remedy) =>
        $"libtorch cannot be loaded. Library: {which}.\nReason: {why}.\nWhat to do: {remedy}";

    private static string? TryLoad(string path)
    {
        try
        {
            _ = NativeLibrary.Load(path);
            return null;
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
        {
            return error.Message;
        }
    }

    private static string FirstLine(string text) => text.Split('\n', 2)[0].TrimEnd();

    /// <summary>What the system's loader said: .NET puts advice in the first line and that below it.</summary>
    internal static string Detail(string message)
    {
        string[] lines = message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Length > 1 ? lines[1] : lines.FirstOrDefault() ?? "it gives no reason";
    }

    [GeneratedRegex(@"\b(GLIBCXX|CXXABI|GLIBC|GCC)_[0-9][0-9.]*[0-9]")]
    private static partial Regex MissingVersion();

    [GeneratedRegex(
        "ELF|mach-o|incompatible architecture|not a valid Win32|incorrect format|0x8007000B|0x800700C1", RegexOptions.IgnoreCase)]
    private static partial Regex WrongFormat();
}
