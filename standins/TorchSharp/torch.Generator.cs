using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public class Generator : IDisposable
    {
        private IntPtr _handle;

        public Generator(ulong seed = 0, Device device = default)
        {
            this.device = device ?? CPU;
            NativeLibraries.EnsureLoaded();
            NativeMethods.Check(NativeMethods.shim_generator_new(seed, (int)this.device.type, this.device.index, out _handle), "Generator");
        }

        private Generator(IntPtr handle)
        {
            device = CPU;
            _handle = handle;
        }

        ~Generator() => Dispose(false);

        public static Generator Default
        {
            get
            {
                NativeLibraries.EnsureLoaded();
                NativeMethods.Check(NativeMethods.shim_generator_default((int)DeviceType.CPU, -1, out IntPtr handle), "Generator");
                return new Generator(handle);
            }
        }

        public IntPtr Handle => _handle != IntPtr.Zero ? _handle : throw new ObjectDisposedException(nameof(Generator));

        public Device device { get; }

        public Tensor get_state()
        {
            NativeMethods.Check(NativeMethods.shim_generator_state(Handle, out IntPtr state), "get_state");
            return Tensor.Adopt(state);
        }

        public void set_state(Tensor value) => NativeMethods.Check(NativeMethods.shim_generator_set_state(Handle, value.Handle), "set_state");

        public Generator manual_seed(long seed)
        {
            NativeMethods.Check(NativeMethods.shim_generator_seed(Handle, (ulong)seed), "manual_seed");
            return this;
        }

        public long seed()
        {
            NativeMethods.Check(NativeMethods.shim_generator_reseed(Handle, out ulong seed), "seed");
            return (long)seed;
        }

        public long initial_seed()
        {
            NativeMethods.Check(NativeMethods.shim_generator_initial_seed(Handle, out ulong seed), "initial_seed");
            return (long)seed;
        }

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            IntPtr handle = Interlocked.Exchange(ref _handle, IntPtr.Zero);
            if (handle != IntPtr.Zero)
                NativeMethods.shim_generator_free(handle);
        }
    }
}
