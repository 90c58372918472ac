using TorchSharp.Native;

namespace TorchSharp;

// Element types and defaults.
public static partial class torch
{
    public static ScalarType @short = ScalarType.Int16;

    public static ScalarType @int = ScalarType.Int32;

    public static ScalarType @long = ScalarType.Int64;

    public static ScalarType half = ScalarType.Float16;

    public static ScalarType @float = ScalarType.Float32;

    public static ScalarType @double = ScalarType.Float64;

    public static DisposeScope CurrentDisposeScope => DisposeScopeManager.ThreadSingleton.DisposeScopeStack.TryPeek(out DisposeScope scope) ? scope : null;

    public static string __version__
    {
        get
        {
            NativeLibraries.EnsureLoaded();
            unsafe
            {
                return System.Runtime.InteropServices.Marshal.PtrToStringUTF8((IntPtr)NativeMethods.shim_torch_version());
            }
        }
    }

    public static Device device(int index) => new(DeviceType.CUDA, index);

    public static ScalarType get_default_dtype()
    {
        NativeLibraries.EnsureLoaded();
        return (ScalarType)NativeMethods.shim_default_dtype();
    }

    public static void set_default_dtype(ScalarType dtype)
    {
        NativeLibraries.EnsureLoaded();
        NativeMethods.Check(NativeMethods.shim_set_default_dtype((int)dtype), "set_default_dtype");
    }
}
