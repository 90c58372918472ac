using TorchSharp.Native;

namespace TorchSharp;

// Reductions over several dimensions and order statistics.
public static partial class torch
{
    public partial class Tensor
    {
        public Tensor median() => Operator.Call("aten::median", "", this);

        public Tensor norm(int dim, bool keepdim = false, float p = 2) => Operator.Call("aten::norm", "ScalarOpt_dim", this, (double)p, new long[] { dim }, keepdim);

        public Tensor sum(ReadOnlySpan<long> dim, bool keepdim = false, ScalarType? type = default) => sum(dim.ToArray(), keepdim, type);

        public Tensor sum(long dim0, long dim1, bool keepdim = false, ScalarType? type = default) => sum(new[] { dim0, dim1 }, keepdim, type);

        public Tensor sum(long dim0, long dim1, long dim2, bool keepdim = false, ScalarType? type = default) => sum(new[] { dim0, dim1, dim2 }, keepdim, type);
    }
}
