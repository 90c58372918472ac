using TorchSharp.Native;

namespace TorchSharp;

// Whether operations are recorded for backward, on this thread.
public static partial class torch
{
    public static IDisposable no_grad() => set_grad_enabled(false);

    public static IDisposable enable_grad(bool enabled = true) => set_grad_enabled(enabled);

    public static IDisposable set_grad_enabled(bool mode = true) => new GradScope(mode);

    public static bool is_grad_enabled()
    {
        NativeLibraries.EnsureLoaded();
        return NativeMethods.shim_grad_enabled() != 0;
    }

    public static IDisposable inference_mode(bool mode = true) => new InferenceScope(mode);

    private sealed class GradScope : IDisposable
    {
        private readonly bool _before;

        public GradScope(bool mode)
        {
            _before = is_grad_enabled();
            NativeMethods.shim_set_grad_enabled(mode ? 1 : 0);
        }

        public void Dispose() => NativeMethods.shim_set_grad_enabled(_before ? 1 : 0);
    }

    private sealed class InferenceScope : IDisposable
    {
        private IntPtr _guard;

        public InferenceScope(bool mode)
        {
            NativeLibraries.EnsureLoaded();
            NativeMethods.Check(NativeMethods.shim_inference_begin(mode ? 1 : 0, out _guard), "inference_mode");
        }

        public void Dispose()
        {
            IntPtr guard = Interlocked.Exchange(ref _guard, IntPtr.Zero);
            if (guard != IntPtr.Zero)
                NativeMethods.shim_inference_end(guard);
        }
    }
}
