using TorchSharp.Native;

namespace TorchSharp;

// Activation functions and the rest of what works element by element.
public static partial class torch
{
    public partial class Tensor
    {
        public Tensor relu() => Operator.Call("aten::relu", "", this);

        public Tensor relu_() => InPlace("aten::relu_", "", this);

        public Tensor gelu() => Operator.Call("aten::gelu", "", this);

        public Tensor @byte() => to(ScalarType.Byte);

        public Tensor @char() => to(ScalarType.Int8);

        public Tensor @short() => to(ScalarType.Int16);

        public Tensor @int() => to(ScalarType.Int32);

        public Tensor @long() => to(ScalarType.Int64);

        public Tensor half() => to(ScalarType.Float16);

        public Tensor bfloat16() => to(ScalarType.BFloat16);

        public Tensor @float() => to(ScalarType.Float32);

        public Tensor @double() => to(ScalarType.Float64);
    }
}
