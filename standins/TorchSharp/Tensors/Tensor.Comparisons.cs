using TorchSharp.Native;

namespace TorchSharp;

// Comparisons in place, under their other names, and logic.
public static partial class torch
{
    public partial class Tensor
    {
        public Tensor isclose(Tensor other, double rtol = 1e-05, double atol = 1e-08, bool nanEqual = false) => Operator.Call("aten::isclose", "", this, other, rtol, atol, nanEqual);

        public Tensor equal(Tensor target) => eq(target);

        public Tensor eq_(Tensor target) => InPlace("aten::eq_", "Tensor", this, target);

        public Tensor eq_(Scalar target) => InPlace("aten::eq_", "Scalar", this, target);

        public Tensor greater_equal(Tensor target) => ge(target);

        public Tensor ge_(Tensor target) => InPlace("aten::ge_", "Tensor", this, target);

        public Tensor ge_(Scalar target) => InPlace("aten::ge_", "Scalar", this, target);

        public Tensor greater(Tensor target) => gt(target);

        public Tensor gt_(Tensor target) => InPlace("aten::gt_", "Tensor", this, target);

        public Tensor gt_(Scalar target) => InPlace("aten::gt_", "Scalar", this, target);

        public Tensor less_equal(Tensor target) => le(target);

        public Tensor le_(Tensor target) => InPlace("aten::le_", "Tensor", this, target);

        public Tensor le_(Scalar target) => InPlace("aten::le_", "Scalar", this, target);

        public Tensor less(Tensor target) => lt(target);

        public Tensor lt_(Tensor target) => InPlace("aten::lt_", "Tensor", this, target);

        public Tensor lt_(Scalar target) => InPlace("aten::lt_", "Scalar", this, target);

        public Tensor not_equal(Tensor target) => ne(target);

        public Tensor ne_(Tensor target) => InPlace("aten::ne_", "Tensor", this, target);

        public Tensor ne_(Scalar target) => InPlace("aten::ne_", "Scalar", this, target);

        public Tensor bitwise_and(Tensor other) => Operator.Call("aten::bitwise_and", "Tensor", this, other);

        public Tensor bitwise_not() => Operator.Call("aten::bitwise_not", "", this);

        public Tensor bitwise_or(Tensor other) => Operator.Call("aten::bitwise_or", "Tensor", this, other);

        public Tensor bitwise_xor(Tensor other) => Operator.Call("aten::bitwise_xor", "Tensor", this, other);

        public Tensor logical_xor(Tensor other) => Operator.Call("aten::logical_xor", "", this, other);
    }
}
