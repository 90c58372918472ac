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

        public Tensor silu_() => InPlace("aten::silu_", "", this);

        public Tensor @byte() => to(ScalarType.Byte);

        public Tensor @char() => to(ScalarType.Int8);

        public Tensor @short() => to(ScalarType.Int16);

        public Tensor @int() => to(ScalarType.Int32);

        public Tensor @long() => to(ScalarType.Int64);

        public Tensor half() => to(ScalarType.Float16);

        public Tensor bfloat16() => to(ScalarType.BFloat16);

        public Tensor @float() => to(ScalarType.Float32);

        public Tensor @double() => to(ScalarType.Float64);

        public Tensor clamp_max(Scalar max) => Operator.Call("aten::clamp_max", "", this, max);

        public Tensor clamp_max_(Scalar max) => InPlace("aten::clamp_max_", "", this, max);

        public Tensor clamp_min(Scalar min) => Operator.Call("aten::clamp_min", "", this, min);

        public Tensor clamp_min_(Scalar min) => InPlace("aten::clamp_min_", "", this, min);

        public Tensor sigmoid_() => InPlace("aten::sigmoid_", "", this);

        public Tensor abs_() => InPlace("aten::abs_", "", this);

        public Tensor addcdiv(Tensor tensor1, Tensor tensor2, Scalar value) => Operator.Call("aten::addcdiv", "", this, tensor1, tensor2, value);

        public Tensor addcdiv(Tensor tensor1, Tensor tensor2) => Operator.Call("aten::addcdiv", "", this, tensor1, tensor2);

        public Tensor divide(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => div(target, rounding_mode);

        public Tensor divide(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => div(target, rounding_mode);

        public Tensor floor_divide(Tensor other) => Operator.Call("aten::floor_divide", "", this, other);

        public Tensor floor_divide(Scalar other) => Operator.Call("aten::floor_divide", "Scalar", this, other);

        public Tensor logaddexp(Tensor other) => Operator.Call("aten::logaddexp", "", this, other);

        public Tensor multiply(Tensor target) => mul(target);

        public Tensor multiply(Scalar target) => mul(target);

        public Tensor reciprocal() => Operator.Call("aten::reciprocal", "", this);

        public Tensor reciprocal_() => InPlace("aten::reciprocal_", "", this);

        public Tensor rsqrt_() => InPlace("aten::rsqrt_", "", this);

        public Tensor subtract(Scalar target) => sub(target);

        public Tensor subtract(Tensor target) => sub(target);

        public Tensor true_divide(Tensor other) => div(other);

        public Tensor true_divide(Scalar other) => div(other);

        public Tensor xlogy(Tensor y) => Operator.Call("aten::xlogy", "Tensor", this, y);

        public Tensor xlogy(Scalar y) => Operator.Call("aten::xlogy", "Scalar_Other", this, y);

        public Tensor tanh_() => InPlace("aten::tanh_", "", this);
    }
}
