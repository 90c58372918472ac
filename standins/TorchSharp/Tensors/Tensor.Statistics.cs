using TorchSharp.Native;

namespace TorchSharp;

// Reductions over several dimensions, deviations and order statistics.
public static partial class torch
{
    public partial class Tensor
    {
        public Tensor var(long[] dimensions, bool keepdim = false, ScalarType? type = default) => var(dimensions, true, keepdim, type);

        public Tensor median() => Operator.Call("aten::median", "", this);

        public Tensor norm(int dim, bool keepdim = false, float p = 2) => Operator.Call("aten::norm", "ScalarOpt_dim", this, (double)p, new long[] { dim }, keepdim);

        public Tensor std(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => Along("aten::std", dimensions.ToArray(), unbiased, keepdim, type);

        public Tensor var(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => Along("aten::var", dimensions.ToArray(), unbiased, keepdim, type);

        public Tensor std(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => Along("aten::std", dimensions, unbiased, keepdim, type);

        public Tensor var(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => Along("aten::var", dimensions, unbiased, keepdim, type);

        public Tensor std((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => Along("aten::std", [dim.Item1, dim.Item2], unbiased, keepdim, type);

        public Tensor var((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => Along("aten::var", [dim.Item1, dim.Item2], unbiased, keepdim, type);

        public Tensor std((long, long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => Along("aten::std", [dim.Item1, dim.Item2, dim.Item3], unbiased, keepdim, type);

        public Tensor var((long, long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => Along("aten::var", [dim.Item1, dim.Item2, dim.Item3], unbiased, keepdim, type);

        public Tensor sum(ReadOnlySpan<long> dim, bool keepdim = false, ScalarType? type = default) => sum(dim.ToArray(), keepdim, type);

        public Tensor sum(long dim0, long dim1, bool keepdim = false, ScalarType? type = default) => sum(new[] { dim0, dim1 }, keepdim, type);

        public Tensor sum(long dim0, long dim1, long dim2, bool keepdim = false, ScalarType? type = default) => sum(new[] { dim0, dim1, dim2 }, keepdim, type);

        private Tensor Along(string name, long[] dimensions, bool unbiased, bool keepdim, ScalarType? type)
        {
            using Tensor converted = to(type ?? dtype);
            return Operator.Call(name, "dim", converted, dimensions, unbiased, keepdim);
        }
    }
}
