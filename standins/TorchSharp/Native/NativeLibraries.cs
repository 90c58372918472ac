using System.Reflection;
using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>Finds the shim and libtorch, once, with an error that says what was looked for and what to install.</summary>
internal static partial class NativeLibraries
{
    private const int Now = 2, Global = 0x100;

    private static readonly Lazy<IntPtr> Shim = new(Load);

    static NativeLibraries() =>
        NativeLibrary.SetDllImportResolver(typeof(NativeLibraries).Assembly, (name, _, _) => name == NativeMethods.Library ? Shim.Value : IntPtr.Zero);

    /// <summary>Loads the libraries, or throws.</summary>
    public static void EnsureLoaded() => _ = Shim.Value;

    private static IntPtr Load()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "libtorch_shim.so");
        if (!File.Exists(path))
            path = Path.Combine(Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location) ?? "", "libtorch_shim.so");
        if (!File.Exists(path))
            throw new DllNotFoundException($"libtorch_shim.so, which the stand-in of TorchSharp is compiled to, is not in '{AppContext.BaseDirectory}'. Build the solution again; ./build.sh setup installs what that needs.");
        PreferOneThreadPool();
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (DllNotFoundException e)
        {
            throw new DllNotFoundException($"'{path}' is there, but libtorch, which it was compiled against, cannot be loaded. Install Debian's libtorch-dev (./build.sh setup does), or set LIBTORCH to an unpacked libtorch, delete artifacts/native and build again. The loader said: {e.Message}", e);
        }
    }

    /// <summary>
    /// Maps OpenBLAS's OpenMP build before libtorch asks for a BLAS, so that products and libtorch's own loops share one pool of threads instead of
    /// fighting with two. Where that build is not installed libtorch takes the system's choice.
    /// </summary>
    private static void PreferOneThreadPool()
    {
        string folder = $"/usr/lib/{(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64" : "x86_64")}-linux-gnu/openblas-openmp";
        foreach (string name in new[] { "libopenblas.so.0", "libblas.so.3", "liblapack.so.3" })
        {
            string library = Path.Combine(folder, name);
            if (File.Exists(library))
                dlopen(library, Now | Global);
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial IntPtr dlopen(string path, int flags);
}
