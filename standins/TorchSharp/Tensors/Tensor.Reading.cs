namespace TorchSharp;

// Single elements, scalars and what is known of the memory.
public static partial class torch
{
    public partial class Tensor
    {
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
