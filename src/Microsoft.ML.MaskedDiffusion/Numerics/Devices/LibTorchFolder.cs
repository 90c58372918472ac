using System.Runtime.InteropServices;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Devices;

/// <summary>
/// A libtorch that is not the application's own, such as that of a PyTorch installation. The environment variable
/// <see cref="Variable"/> names its folder. Its libraries are loaded before TorchSharp's own library, which then finds them in the process,
/// by the names that they have inside.
/// </summary>
internal static unsafe class LibTorchFolder
{
    /// <summary>
    /// Names the folder: that of the libraries, or one that has them in its folder lib, as the Python package torch does.
    /// </summary>
    public const string Variable = "MDM_LIBTORCH";

    // Each after those that it needs. Those of a GPU are only in a libtorch for GPUs.
    private static readonly string[] Names = ["c10", "torch_cpu", "c10_cuda", "torch_cuda", "torch"];

    /// <summary>Loads what the variable names; does nothing where it is not set.</summary>
    /// <exception cref="TorchUnavailableException">
    /// There is no libtorch, it cannot be loaded, it has another version than TorchSharp was built for, or the application brings its own.
    /// </exception>
    public static void LoadNamed()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } named)
            return;
        string folder = Find(named, NativeLibraryFault.SearchFolders());
        nint core = 0;
        foreach (string name in Names)
        {
            string path = Path.Combine(folder, FileName(name));
            if (!File.Exists(path))
                continue;
            nint library = Load(path);
            if (name == "torch_cpu")
                core = library;
        }
        RequireVersion(VersionOf(core), Version.Parse(torch.__version__), folder);
    }

    /// <summary>The folder of the libraries that <paramref name="named"/> means.</summary>
    /// <param name="named">What the variable holds.</param>
    /// <param name="ofApplication">Where the application's own native libraries are looked for.</param>
    /// <exception cref="TorchUnavailableException">There are none, or the application brings its own.</exception>
    internal static string Find(string named, IEnumerable<string> ofApplication)
    {
        string core = FileName("torch_cpu");
        if (!Directory.Exists(named))
            throw Fault(named, "there is no such folder", $"name the folder with {core} in {Variable}.");
        string[] candidates = [named, Path.Combine(named, "lib")];
        string folder = candidates.FirstOrDefault(candidate => File.Exists(Path.Combine(candidate, core)))
            ?? throw Fault(named, $"neither it nor its folder lib has {core}",
                $"name the folder with {core} in {Variable}; in a PyTorch installation it is torch/lib.");
        folder = Path.GetFullPath(folder);
        string? own = ofApplication.Select(Path.GetFullPath).FirstOrDefault(candidate => File.Exists(Path.Combine(candidate, core)));
        if (own is not null && Path.TrimEndingDirectorySeparator(own) != Path.TrimEndingDirectorySeparator(folder))
        {
            throw Fault(named, $"the application has a libtorch of its own in {own}, and a process can have only one",
                "build the application with the package TorchSharp alone, without TorchSharp-cpu, TorchSharp-cuda-* and libtorch-*, or "
                + $"unset {Variable}.");
        }
        return folder;
    }

    /// <summary>Refuses a libtorch of another version.</summary>
    /// <param name="found">Its version; null where it is too old to say.</param>
    /// <param name="built">The version that TorchSharp was built for.</param>
    /// <param name="folder">Where it is.</param>
    /// <exception cref="TorchUnavailableException">The versions differ.</exception>
    internal static void RequireVersion(Version? found, Version built, string folder)
    {
        if (found is not null && (found.Major, found.Minor, found.Build) == (built.Major, built.Minor, built.Build))
            return;
        string version = found is null ? "of an old version that does not say which" : $"of version {found}";
        throw Fault(folder, $"it is {version}, and TorchSharp was built for {built.ToString(3)}",
            $"name a libtorch or PyTorch of version {built.ToString(3)} in {Variable}, such as the Python package "
            + $"torch=={built.ToString(3)}.");
    }

    private static Version? VersionOf(nint core)
    {
        // Added to libtorch's C interface for ahead-of-time compiled models: major, minor and patch in the three highest bytes.
        if (!NativeLibrary.TryGetExport(core, "aoti_torch_abi_version", out nint address))
            return null;
        ulong version = ((delegate* unmanaged[Cdecl]<ulong>)address)();
        return new Version((int)(version >> 56), (int)(version >> 48 & 0xff), (int)(version >> 40 & 0xff));
    }

    private static nint Load(string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
        {
            throw Fault(path, $"the system's loader refuses it: {NativeLibraryFault.Detail(error.Message)}",
                $"install what the loader names, or name another folder in {Variable}.", error);
        }
    }

    private static string FileName(string name) =>
        OperatingSystem.IsWindows() ? name + ".dll" : OperatingSystem.IsMacOS() ? $"lib{name}.dylib" : $"lib{name}.so";

    private static TorchUnavailableException Fault(string which, string why, string remedy, Exception? inner = null) =>
        new(NativeLibraryFault.Text($"{which} (of {Variable})", why, remedy), inner);
}
