using TorchSharp.Native;

namespace TorchSharp;

// Reductions.
public static partial class torch
{
    public partial class Tensor
    {
        public Tensor all(long dim, bool keepdim = false) => Operator.Call("aten::all", "dim", this, dim, keepdim);

        public Tensor any(long dim, bool keepdim = false) => Operator.Call("aten::any", "dim", this, dim, keepdim);

        public Tensor argmax() => Operator.Call("aten::argmax", "", this);

        public Tensor argmax(long dim, bool keepdim = false) => Operator.Call("aten::argmax", "", this, dim, keepdim);

        public Tensor argsort(long dim = -1, bool descending = false) => Operator.Call("aten::argsort", "", this, dim, descending);

        public Tensor max() => Operator.Call("aten::max", "", this);

        public Tensor min() => Operator.Call("aten::min", "", this);

        public Tensor max(Tensor other) => Operator.Call("aten::max", "other", this, other);

        public Tensor min(Tensor other) => Operator.Call("aten::min", "other", this, other);

        public Tensor mean() => Operator.Call("aten::mean", "", this);

        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = default) => Operator.Call("aten::mean", "dim", this, dimensions, keepdim, type);

        public Tensor sum(ScalarType? type = default) => Operator.Call("aten::sum", "", this, type);

        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = default) => Operator.Call("aten::sum", "dim_IntList", this, dim, keepdim, type);

        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = default) => Operator.Call("aten::sum", "dim_IntList", this, new[] { dim }, keepdim, type);

        public Tensor logsumexp(long dim, bool keepdim = false) => Operator.Call("aten::logsumexp", "", this, new[] { dim }, keepdim);

        public Tensor softmax(long dim, ScalarType? dtype = default) => Operator.Call("aten::softmax", "int", this, dim, dtype);

        public Tensor log_softmax(long dim, ScalarType? dtype = default) => Operator.Call("aten::log_softmax", "int", this, dim, dtype);

        public Tensor norm(float p = 2) => Operator.Call("aten::norm", "Scalar", this, (double)p);

        public (Tensor values, Tensor indexes) max(long dim, bool keepdim = false) => Operator.Call2("aten::max", "dim", this, dim, keepdim);

        public (Tensor values, Tensor indexes) min(long dim, bool keepdim = false) => Operator.Call2("aten::min", "dim", this, dim, keepdim);

        public (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true) =>
            Operator.Call2("aten::topk", "", this, (long)k, (long)dim, largest, sorted);

        public (Tensor Values, Tensor Indices) sort(long dim = -1, bool descending = false, bool stable = false) =>
            Operator.Call2("aten::sort", "stable", this, stable, dim, descending);

        public bool allclose(Tensor target, double rtol = 1e-05, double atol = 1e-08, bool equal_nan = false) =>
            Operator.Test("aten::allclose", "", this, target, rtol, atol, equal_nan);
    }
}
