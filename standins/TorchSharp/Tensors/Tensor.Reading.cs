using System.Runtime.InteropServices;
using TorchSharp.Native;

namespace TorchSharp;

// Single elements, scalars and what is known of the memory.
public static partial class torch
{
    public partial class Tensor
    {
        public bool is_nonzero() => Operator.Test("aten::is_nonzero", "", this);

        public long storage_offset() => Operator.Count("aten::storage_offset", "", this);

        public bool is_pinned() => Operator.Test("aten::is_pinned", "", this);

        public Tensor pin_memory() => Operator.Call("aten::pin_memory", "", this);

        public Tensor set_(Tensor source) => InPlace("aten::set_", "source_Tensor", this, source);

        public void retain_grad() => NativeMethods.Check(NativeMethods.shim_tensor_retain_grad(Handle), "retain_grad");

        public Tensor with_requires_grad(bool requires_grad = true) => alias().requires_grad_(requires_grad);

        public double ReadCpuDouble(long i) => ReadCpuValue<double>(i);

        public float ReadCpuSingle(long i) => ReadCpuValue<float>(i);

        public int ReadCpuInt32(long i) => ReadCpuValue<int>(i);

        public long ReadCpuInt64(long i) => ReadCpuValue<long>(i);

        public byte ReadCpuByte(long i) => ReadCpuValue<byte>(i);

        public bool ReadCpuBool(long i) => ReadCpuValue<bool>(i);

        public T ReadCpuValue<T>(long i) where T : unmanaged
        {
            using Utils.TensorAccessor<T> accessor = data<T>();
            Span<T> one = stackalloc T[1];
            accessor.CopyTo(one, 0, i);
            return one[0];
        }

        public float ReadCpuFloat16(long i) => (float)MemoryMarshal.Cast<byte, Half>(Element(i, ScalarType.Float16))[0];

        public float ReadCpuBFloat16(long i) => BitConverter.Int32BitsToSingle(MemoryMarshal.Cast<byte, ushort>(Element(i, ScalarType.BFloat16))[0] << 16);

        public Scalar ToScalar()
        {
            if (NumberOfElements != 1)
                throw new ArgumentException("Number of elements in the tensor must be 1");
            return dtype switch
            {
                ScalarType.Bool => this.ToBoolean(),
                ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64 => this.ToDouble(),
                _ => this.ToInt64(),
            };
        }

        public (Tensor output, Tensor inverse_indices, Tensor counts) unique(bool sorted = true, bool return_inverse = false, bool return_counts = false, int? dim = default)
        {
            Tensor[] found = dim is { } only
                ? Operator.CallAll("aten::unique_dim", "", this, (long)only, sorted, return_inverse, return_counts)
                : Operator.CallAll("aten::_unique2", "", this, sorted, return_inverse, return_counts);
            return (found[0], Wanted(found[1], return_inverse), Wanted(found[2], return_counts));
        }

        private static Tensor Wanted(Tensor tensor, bool wanted)
        {
            if (wanted)
                return tensor;
            tensor?.Dispose();
            return null;
        }

        private Span<byte> Element(long index, ScalarType type)
        {
            if (dtype != type)
                throw new ArgumentException($"The elements are of type {dtype}, not {type}.");
            int size = (int)ElementSize;
            return bytes.Slice(checked((int)index * size), size);
        }
    }
}
