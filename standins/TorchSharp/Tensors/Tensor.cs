using System.Runtime.InteropServices;
using TorchSharp.Native;
using TorchSharp.Utils;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A tensor of libtorch: this object owns the handle, and the finalizer frees what was forgotten.</summary>
    public partial class Tensor : IDisposable
    {
        private static long s_total;
        private static long s_peak;

        private IntPtr _handle;

        internal Tensor(IntPtr handle)
        {
            _handle = handle;
            long total = Interlocked.Increment(ref s_total);
            if (total > Volatile.Read(ref s_peak))
                Interlocked.Exchange(ref s_peak, total);
            OwningScope = DisposeScopeManager.ThreadSingleton.RegisterOnCurrentScope(this);
        }

        ~Tensor() => Dispose(false);

        public static long TotalCount => Interlocked.Read(ref s_total);

        public static long PeakCount => Interlocked.Read(ref s_peak);

        public IntPtr Handle => _handle != IntPtr.Zero ? _handle : throw new InvalidOperationException("Tensor invalid -- empty handle.");

        public bool IsInvalid => _handle == IntPtr.Zero;

        public string name { get; set; }

        public long Dimensions => NativeMethods.shim_tensor_dim(Handle);

        public long ndim => Dimensions;

        public long NumberOfElements => NativeMethods.shim_tensor_numel(Handle);

        public long ElementSize => NativeMethods.shim_tensor_element_size(Handle);

        public ScalarType dtype => (ScalarType)Types().Type;

        public Device device
        {
            get
            {
                var (_, type, index) = Types();
                return new Device((DeviceType)type, (DeviceType)type == DeviceType.CPU ? -1 : index);
            }
        }

        public DeviceType device_type => (DeviceType)Types().Device;

        public int device_index => Types().Index;

        public bool is_cuda => device_type == DeviceType.CUDA;

        public bool is_leaf => NativeMethods.shim_tensor_is_leaf(Handle) != 0;

        public long[] shape
        {
            get
            {
                long[] sizes = new long[Dimensions];
                unsafe
                {
                    fixed (long* pointer = sizes)
                        NativeMethods.shim_tensor_shape(Handle, pointer, null);
                }
                return sizes;
            }
        }

        public bool requires_grad
        {
            get => NativeMethods.shim_tensor_requires_grad(Handle) != 0;
            set => NativeMethods.Check(NativeMethods.shim_tensor_set_requires_grad(Handle, value ? 1 : 0), "requires_grad");
        }

        public Tensor grad
        {
            get
            {
                NativeMethods.Check(NativeMethods.shim_tensor_grad(Handle, out IntPtr gradient), "grad");
                return gradient == IntPtr.Zero ? null : new Tensor(gradient);
            }
            set
            {
                NativeMethods.Check(NativeMethods.shim_tensor_set_grad(Handle, value?.Handle ?? IntPtr.Zero), "grad");
                GC.KeepAlive(value);
            }
        }

        /// <summary>The memory of a contiguous tensor on the CPU.</summary>
        public Span<byte> bytes
        {
            get
            {
                if (device_type != DeviceType.CPU)
                    throw new InvalidOperationException("Reading data from non-CPU memory is not supported. Move or copy the tensor to the cpu before reading.");
                if (!is_contiguous())
                    throw new NotImplementedException("The bytes of a tensor that is not contiguous cannot be read; call contiguous() first."); // the published type
                NativeMethods.Check(NativeMethods.shim_tensor_data(Handle, out IntPtr data), "data_ptr");
                unsafe
                {
                    return new Span<byte>((void*)data, checked((int)(NumberOfElements * ElementSize)));
                }
            }
            set
            {
                Span<byte> target = bytes;
                if (value.Length != target.Length)
                    throw new ArgumentException("Mismatched data sizes in Tensor.bytes.");
                value.CopyTo(target);
            }
        }

        internal DisposeScope OwningScope { get; set; }

        internal static Tensor Adopt(IntPtr handle) => handle == IntPtr.Zero ? null : new Tensor(handle);

        public void Dispose()
        {
            OwningScope?.MarkAsDisposed(this);
            OwningScope = null;
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            IntPtr handle = Interlocked.Exchange(ref _handle, IntPtr.Zero);
            if (handle == IntPtr.Zero)
                return;
            Interlocked.Decrement(ref s_total);
            NativeMethods.shim_tensor_free(handle);
        }

        public Tensor MoveToOuterDisposeScope()
        {
            OwningScope?.MoveToOuter(this);
            return this;
        }

        public Tensor DetachFromDisposeScope()
        {
            OwningScope?.Detach(this);
            return this;
        }

        public Tensor MoveToOtherDisposeScope(Tensor other) => MoveToOtherDisposeScope(other.OwningScope);

        public Tensor MoveToOtherDisposeScope(DisposeScope other)
        {
            if (OwningScope is null)
                other?.Attach(this);
            else
                OwningScope.MoveToOther(other, this);
            return this;
        }

        public long dim() => Dimensions;

        public long numel() => NumberOfElements;

        public long element_size() => ElementSize;

        public bool is_cpu() => device_type == DeviceType.CPU;

        public bool is_contiguous() => NativeMethods.shim_tensor_is_contiguous(Handle) != 0;

        public long size(int dim)
        {
            long[] sizes = shape;
            return sizes[dim < 0 ? dim + sizes.Length : dim];
        }

        public long[] size() => shape;

        public long[] stride()
        {
            long[] strides = new long[Dimensions];
            unsafe
            {
                fixed (long* pointer = strides)
                    NativeMethods.shim_tensor_shape(Handle, null, pointer);
            }
            return strides;
        }

        public long stride(int dim) => stride()[dim < 0 ? dim + (int)Dimensions : dim];

        public TensorAccessor<T> data<T>() where T : unmanaged => new(this);

        public T item<T>() where T : unmanaged
        {
            if (NumberOfElements != 1)
                throw new ArgumentException($"item() can only be called on tensors with one element, and this one has {NumberOfElements}.");
            TensorAccessor<T>.CheckType(dtype);
            using Tensor host = AsHost();
            return MemoryMarshal.Read<T>(host.bytes);
        }

        public Tensor alias()
        {
            NativeMethods.Check(NativeMethods.shim_tensor_alias(Handle, out IntPtr result), "alias");
            return new Tensor(result);
        }

        public Tensor requires_grad_(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }

        public Tensor cpu() => to(CPU);

        public Tensor cuda(Device device = default, bool non_blocking = false) => to(device ?? CUDA, non_blocking: non_blocking);

        public Tensor to_type(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) => to(type, copy, disposeAfter, non_blocking);

        public Tensor to(DeviceType deviceType, int deviceIndex = -1, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(new Device(deviceType, deviceIndex), copy, disposeAfter, non_blocking);

        public Tensor to(ScalarType type, Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            After(Operator.Call("aten::to", "device", this, device, type, non_blocking, copy), disposeAfter);

        public Tensor to(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            After(Operator.Call("aten::to", "dtype", this, type, non_blocking, copy), disposeAfter);

        public Tensor to(string device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) => to(new Device(device), copy, disposeAfter, non_blocking);

        public Tensor to(Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            After(Operator.Call("aten::to", "device", this, device, dtype, non_blocking, copy), disposeAfter);

        public Tensor to(Tensor other, bool non_blocking = false) => Operator.Call("aten::to", "other", this, other, non_blocking);

        public Tensor @bool() => to(ScalarType.Bool);

        public override string ToString()
        {
            NativeMethods.Check(NativeMethods.shim_tensor_text(Handle, out IntPtr text), "ToString");
            string result = Marshal.PtrToStringUTF8(text);
            NativeMethods.shim_text_free(text);
            return result;
        }

        /// <summary>This tensor's values as a contiguous tensor on the CPU; always a new object.</summary>
        internal Tensor AsHost()
        {
            using Tensor flat = detach();
            using Tensor host = flat.to(CPU);
            return host.contiguous();
        }

        private Tensor After(Tensor result, bool disposeAfter)
        {
            if (disposeAfter)
                Dispose();
            return result;
        }

        private (int Type, int Device, int Index) Types()
        {
            NativeMethods.Check(NativeMethods.shim_tensor_type(Handle, out int type, out int deviceType, out int index), "dtype");
            return (type, deviceType, index);
        }
    }
}
