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

    public static bool is_integral(ScalarType type) => type is ScalarType.Byte or ScalarType.Int8 or ScalarType.Int16 or ScalarType.Int32 or ScalarType.Int64 or ScalarType.Bool;

    public static bool is_floating_point(ScalarType type) => type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;

    public static bool is_tensor(object obj) => obj is Tensor;

    public static bool is_inference_mode_enabled()
    {
        NativeLibraries.EnsureLoaded();
        return NativeMethods.shim_inference_enabled() != 0;
    }

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

    public static int get_num_interop_threads()
    {
        NativeLibraries.EnsureLoaded();
        return NativeMethods.shim_get_num_interop_threads();
    }

    public static void set_num_interop_threads(int num)
    {
        NativeLibraries.EnsureLoaded();
        NativeMethods.Check(NativeMethods.shim_set_num_interop_threads(num), "set_num_interop_threads");
    }

    public static Device InitializeDevice(Device device)
    {
        device ??= CPU;
        InitializeDeviceType(device.type);
        return device;
    }
}
