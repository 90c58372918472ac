using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>Finds the shim and libtorch, once, with an error that says what was looked for and what to install.</summary>
internal static class NativeLibraries
{
    /// <summary>The name under which <see cref="AppContext.GetData"/> gives a remark on the chosen libraries, where there is one.</summary>
    private const string NoteName = "TorchSharp.NativeNote";

    private static readonly Lazy<IntPtr> Shim = new(Load);

    // Set at the assembly's start, so that no order of first calls can miss it.
#pragma warning disable CA2255
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void SetResolver() =>
        NativeLibrary.SetDllImportResolver(typeof(NativeLibraries).Assembly, (name, _, _) => name == NativeMethods.Library ? Shim.Value : IntPtr.Zero);

    /// <summary>Loads the libraries, or throws.</summary>
    public static void EnsureLoaded() => _ = Shim.Value;

    private static IntPtr Load()
    {
        string[] folders = [AppContext.BaseDirectory, Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location) + Path.DirectorySeparatorChar];
        string path = folders.Select(folder => Path.Combine(folder, "libtorch_shim.so")).FirstOrDefault(File.Exists);
        if (path is null)
            throw new DllNotFoundException($"libtorch_shim.so, which the stand-in of TorchSharp is compiled to, is not in '{string.Join("' or '", folders.Distinct())}'. Build the solution again; ./build.sh setup installs what that needs.");
        PreferOneThreadPool();
        IntPtr shim;
        try
        {
            shim = NativeLibrary.Load(path);
        }
        catch (DllNotFoundException e)
        {
            throw new DllNotFoundException($"'{path}' is there, but libtorch, which it was compiled against, cannot be loaded. Install Debian's libtorch-dev (./build.sh setup does), or set LIBTORCH to an unpacked libtorch and build again. The loader said: {e.Message}", e);
        }
        if (!NativeLibrary.TryGetExport(shim, nameof(NativeMethods.shim_adamw), out _))
            throw new DllNotFoundException($"'{path}' is of another build than this assembly. Build the solution again.");
        return shim;
    }

    /// <summary>
    /// Maps OpenBLAS's OpenMP build before libtorch asks for a BLAS, whatever the system's alternatives say: the loader takes a library that is mapped
    /// under the wanted name. Products and libtorch's own loops then share one pool of threads instead of fighting with two.
    /// </summary>
    private static void PreferOneThreadPool()
    {
        string libraries = $"/usr/lib/{(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64" : "x86_64")}-linux-gnu";
        string folder = Path.Combine(libraries, "openblas-openmp");
        // The kernels first: the other two ask for them by name.
        foreach (string name in new[] { "libopenblas.so.0", "libblas.so.3", "liblapack.so.3" })
        {
            string library = Path.Combine(folder, name);
            if (File.Exists(library) && !NativeLibrary.TryLoad(library, out _))
                AppContext.SetData(NoteName, $"{library} is there, but cannot be loaded; libtorch takes the system's BLAS.");
        }
        if (!Directory.Exists(folder) && Directory.Exists(Path.Combine(libraries, "openblas-pthread")))
            AppContext.SetData(NoteName, "OpenBLAS is installed in its pthread build only, whose threads fight with libtorch's. Install libopenblas0-openmp: matrix products and training become faster.");
    }
}
