using TorchSharp.Native;

namespace TorchSharp;

// Arithmetic, element by element, and products.
public static partial class torch
{
    public partial class Tensor
    {
        public Tensor abs() => Operator.Call("aten::abs", "", this);

        public Tensor cos() => Operator.Call("aten::cos", "", this);

        public Tensor exp() => Operator.Call("aten::exp", "", this);

        public Tensor floor() => Operator.Call("aten::floor", "", this);

        public Tensor isnan() => Operator.Call("aten::isnan", "", this);

        public Tensor log() => Operator.Call("aten::log", "", this);

        public Tensor neg() => Operator.Call("aten::neg", "", this);

        public Tensor rsqrt() => Operator.Call("aten::rsqrt", "", this);

        public Tensor sigmoid() => Operator.Call("aten::sigmoid", "", this);

        public Tensor sign() => Operator.Call("aten::sign", "", this);

        public Tensor silu() => Operator.Call("aten::silu", "", this);

        public Tensor sin() => Operator.Call("aten::sin", "", this);

        public Tensor sqrt() => Operator.Call("aten::sqrt", "", this);

        public Tensor square() => Operator.Call("aten::square", "", this);

        public Tensor tanh() => Operator.Call("aten::tanh", "", this);

        public Tensor trunc() => Operator.Call("aten::trunc", "", this);

        public Tensor logical_not() => Operator.Call("aten::logical_not", "", this);

        public Tensor clone() => Operator.Call("aten::clone", "", this);

        public Tensor detach() => Operator.Call("aten::detach", "", this);

        public Tensor t() => Operator.Call("aten::t", "", this);

        public Tensor nonzero() => Operator.Call("aten::nonzero", "", this);

        public Tensor all() => Operator.Call("aten::all", "", this);

        public Tensor any() => Operator.Call("aten::any", "", this);

        public Tensor zero_() => InPlace("aten::zero_", "", this).alias();

        public Tensor matmul(Tensor target) => Operator.Call("aten::matmul", "", this, target);

        public Tensor mm(Tensor target) => Operator.Call("aten::mm", "", this, target);

        public Tensor dot(Tensor target) => Operator.Call("aten::dot", "", this, target);

        public Tensor bmm(Tensor batch2) => Operator.Call("aten::bmm", "", this, batch2);

        public Tensor outer(Tensor vec2) => Operator.Call("aten::outer", "", this, vec2);

        public Tensor maximum(Tensor other) => Operator.Call("aten::maximum", "", this, other);

        public Tensor logical_and(Tensor other) => Operator.Call("aten::logical_and", "", this, other);

        public Tensor add(Tensor target) => Operator.Call("aten::add", "Tensor", this, target);

        public Tensor add(Scalar scalar) => Operator.Call("aten::add", "Scalar", this, scalar);

        public Tensor add_(Tensor target) => InPlace("aten::add_", "Tensor", this, target);

        public Tensor add_(Scalar scalar) => InPlace("aten::add_", "Scalar", this, scalar);

        public Tensor sub(Tensor target) => Operator.Call("aten::sub", "Tensor", this, target);

        public Tensor sub(Scalar target) => Operator.Call("aten::sub", "Scalar", this, target);

        public Tensor sub_(Tensor target) => InPlace("aten::sub_", "Tensor", this, target);

        public Tensor sub_(Scalar target) => InPlace("aten::sub_", "Scalar", this, target);

        public Tensor mul(Tensor target) => Operator.Call("aten::mul", "Tensor", this, target);

        public Tensor mul(Scalar target) => Operator.Call("aten::mul", "Scalar", this, target);

        public Tensor mul_(Tensor target) => InPlace("aten::mul_", "Tensor", this, target);

        public Tensor mul_(Scalar target) => InPlace("aten::mul_", "Scalar", this, target);

        public Tensor eq(Tensor target) => Operator.Call("aten::eq", "Tensor", this, target);

        public Tensor eq(Scalar target) => Operator.Call("aten::eq", "Scalar", this, target);

        public Tensor lt(Tensor target) => Operator.Call("aten::lt", "Tensor", this, target);

        public Tensor lt(Scalar target) => Operator.Call("aten::lt", "Scalar", this, target);

        public Tensor le(Tensor target) => Operator.Call("aten::le", "Tensor", this, target);

        public Tensor le(Scalar target) => Operator.Call("aten::le", "Scalar", this, target);

        public Tensor gt(Tensor target) => Operator.Call("aten::gt", "Tensor", this, target);

        public Tensor gt(Scalar target) => Operator.Call("aten::gt", "Scalar", this, target);

        public Tensor ge(Tensor target) => Operator.Call("aten::ge", "Tensor", this, target);

        public Tensor ge(Scalar target) => Operator.Call("aten::ge", "Scalar", this, target);

        public Tensor remainder(Tensor target) => Operator.Call("aten::remainder", "Tensor", this, target);

        public Tensor remainder(Scalar scalar) => Operator.Call("aten::remainder", "Scalar", this, scalar);

        public Tensor add(Tensor target, Scalar alpha) => Operator.Call("aten::add", "Tensor", this, target, alpha);

        public Tensor add(Scalar scalar, Scalar alpha) => Operator.Call("aten::add", "Scalar", this, scalar, alpha);

        public Tensor add_(Tensor target, Scalar alpha) => InPlace("aten::add_", "Tensor", this, target, alpha);

        public Tensor add_(Scalar scalar, Scalar alpha) => InPlace("aten::add_", "Scalar", this, scalar, alpha);

        public Tensor pow(Tensor exponent) => Operator.Call("aten::pow", "Tensor_Tensor", this, exponent);

        public Tensor pow(Scalar exponent) => Operator.Call("aten::pow", "Tensor_Scalar", this, exponent);

        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => Operator.Call("aten::div", "Tensor_mode", this, target, Rounding(rounding_mode));

        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => Operator.Call("aten::div", "Scalar_mode", this, target, Rounding(rounding_mode));

        public Tensor div_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => InPlace("aten::div_", "Tensor_mode", this, target, Rounding(rounding_mode));

        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => InPlace("aten::div_", "Scalar_mode", this, target, Rounding(rounding_mode));

        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) => InPlace("aten::addcmul_", "", this, tensor1, tensor2, value);

        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) => InPlace("aten::addcdiv_", "", this, tensor1, tensor2, value);

        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2) => InPlace("aten::addcdiv_", "", this, tensor1, tensor2);

        public Tensor addmm(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) => Operator.Call("aten::addmm", "", this, mat1, mat2, (double)beta, (double)alpha);

        public Tensor clamp(Scalar min = default, Scalar max = default) => Operator.Call("aten::clamp", "", this, min, max);

        public Tensor clamp(Tensor min = default, Tensor max = default) => Operator.Call("aten::clamp", "Tensor", this, min, max);

        public Tensor clamp_(Scalar min = default, Scalar max = default) => InPlace("aten::clamp_", "", this, min, max);

        public Tensor clamp_(Tensor min = default, Tensor max = default) => InPlace("aten::clamp_", "Tensor", this, min, max);

        public Tensor cumsum(long dim, ScalarType? type = default) => Operator.Call("aten::cumsum", "", this, dim, type);

        public Tensor round(long decimals = 0) => Operator.Call("aten::round", "decimals", this, decimals);

        private static Arg Rounding(RoundingMode mode) => mode == RoundingMode.None ? Arg.None : (Arg)mode.ToString();

        /// <summary>Runs an operator that changes this tensor and returns this very object.</summary>
        private Tensor InPlace(string name, string overload, params ReadOnlySpan<Arg> arguments)
        {
            Operator.Run(name, overload, arguments);
            return this;
        }
    }
}
