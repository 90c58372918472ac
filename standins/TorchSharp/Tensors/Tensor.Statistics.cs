using TorchSharp.Native;

namespace TorchSharp;

// Reductions over several dimensions, deviations and order statistics.
public static partial class torch
{
    public partial class Tensor
    {
        public Tensor amax(long[] dims, bool keepdim = false, Tensor @out = default) => Into(Operator.Call("aten::amax", "", this, dims, keepdim), @out);

        public Tensor amax(ReadOnlySpan<long> dims, bool keepdim = false, Tensor @out = default) => amax(dims.ToArray(), keepdim, @out);

        public Tensor amin(ReadOnlySpan<long> dims, bool keepdim = false, Tensor @out = default) => amin(dims.ToArray(), keepdim, @out);

        public Tensor amin(long[] dims, bool keepdim = false, Tensor @out = default) => Into(Operator.Call("aten::amin", "", this, dims, keepdim), @out);

        public Tensor amin(params long[] dims) => Operator.Call("aten::amin", "", this, dims);

        public (Tensor values, Tensor indices) kthvalue(long k, long? dim, bool keepdim = false) => Operator.Call2("aten::kthvalue", "", this, k, dim ?? -1, keepdim);

        public static (Tensor values, Tensor indices) kthvalue(Tensor input, long k, long? dim, bool keepdim = false) => input.kthvalue(k, dim, keepdim);

        public Tensor var(long[] dimensions, bool keepdim = false, ScalarType? type = default) => var(dimensions, true, keepdim, type);

        public Tensor median() => Operator.Call("aten::median", "", this);

        public Tensor dist(Tensor other, float p = 2) => Operator.Call("aten::dist", "", this, other, (double)p);

        public Tensor norm(int dim, bool keepdim = false, float p = 2) => Operator.Call("aten::norm", "ScalarOpt_dim", this, (double)p, new long[] { dim }, keepdim);

        public Tensor std(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => Along("aten::std", dimensions.ToArray(), unbiased, keepdim, type);

        public Tensor var(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => Along("aten::var", dimensions.ToArray(), unbiased, keepdim, type);

        public Tensor std(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => Along("aten::std", dimensions, unbiased, keepdim, type);

        public Tensor var(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => Along("aten::var", dimensions, unbiased, keepdim, type);

        public Tensor std((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => Along("aten::std", [dim.Item1, dim.Item2], unbiased, keepdim, type);

        public Tensor var((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => Along("aten::var", [dim.Item1, dim.Item2], unbiased, keepdim, type);

        public Tensor std((long, long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => Along("aten::std", [dim.Item1, dim.Item2, dim.Item3], unbiased, keepdim, type);

        public Tensor var((long, long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => Along("aten::var", [dim.Item1, dim.Item2, dim.Item3], unbiased, keepdim, type);

        public (Tensor std, Tensor mean) std_mean(bool unbiased = true) => Operator.Call2("aten::std_mean", "", this, unbiased);

        public (Tensor var, Tensor mean) var_mean(bool unbiased = true) => Operator.Call2("aten::var_mean", "", this, unbiased);

        public (Tensor std, Tensor mean) std_mean(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => AlongBoth("aten::std_mean", dimensions, unbiased, keepdim, type);

        public (Tensor var, Tensor mean) var_mean(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => AlongBoth("aten::var_mean", dimensions, unbiased, keepdim, type);

        public (Tensor std, Tensor mean) std_mean(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => AlongBoth("aten::std_mean", dimensions.ToArray(), unbiased, keepdim, type);

        public (Tensor var, Tensor mean) var_mean(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => AlongBoth("aten::var_mean", dimensions.ToArray(), unbiased, keepdim, type);

        public (Tensor std, Tensor mean) std_mean(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => AlongBoth("aten::std_mean", [dim], unbiased, keepdim, type);

        public (Tensor var, Tensor mean) var_mean(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => AlongBoth("aten::var_mean", [dim], unbiased, keepdim, type);

        public (Tensor std, Tensor mean) std_mean((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => AlongBoth("aten::std_mean", [dim.Item1, dim.Item2], unbiased, keepdim, type);

        public (Tensor var, Tensor mean) var_mean((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => AlongBoth("aten::var_mean", [dim.Item1, dim.Item2], unbiased, keepdim, type);

        public (Tensor std, Tensor mean) std_mean((long, long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => AlongBoth("aten::std_mean", [dim.Item1, dim.Item2, dim.Item3], unbiased, keepdim, type);

        public (Tensor var, Tensor mean) var_mean((long, long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = default) => AlongBoth("aten::var_mean", [dim.Item1, dim.Item2, dim.Item3], unbiased, keepdim, type);

        public Tensor prod(ScalarType? type = default) => Operator.Call("aten::prod", "", this, type);

        public Tensor prod(long dim, bool keepdim = false, ScalarType? type = default) => Operator.Call("aten::prod", "dim_int", this, dim, keepdim, type);

        public Tensor sum(ReadOnlySpan<long> dim, bool keepdim = false, ScalarType? type = default) => sum(dim.ToArray(), keepdim, type);

        public Tensor sum(long dim0, long dim1, bool keepdim = false, ScalarType? type = default) => sum(new[] { dim0, dim1 }, keepdim, type);

        public Tensor sum(long dim0, long dim1, long dim2, bool keepdim = false, ScalarType? type = default) => sum(new[] { dim0, dim1, dim2 }, keepdim, type);

        private Tensor Along(string name, long[] dimensions, bool unbiased, bool keepdim, ScalarType? type)
        {
            using Tensor converted = to(type ?? dtype);
            return Operator.Call(name, "dim", converted, dimensions, unbiased, keepdim);
        }

        private (Tensor, Tensor) AlongBoth(string name, long[] dimensions, bool unbiased, bool keepdim, ScalarType? type)
        {
            using Tensor converted = to(type ?? dtype);
            return Operator.Call2(name, "dim", converted, dimensions, unbiased, keepdim);
        }

        /// <summary>Puts a result where the caller wants it.</summary>
        private static Tensor Into(Tensor result, Tensor target)
        {
            if (target is null)
                return result;
            using (result)
                return target.InPlace("aten::resize_", "", result.shape).copy_(result);
        }
    }
}
