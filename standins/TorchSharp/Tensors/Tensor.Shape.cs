using TorchSharp.Native;

namespace TorchSharp;

// Views, copies, gathering and scattering.
public static partial class torch
{
    public partial class Tensor
    {
        public Tensor contiguous() => Operator.Call("aten::contiguous", "", this);

        public Tensor copy_(Tensor source, bool nonBlocking = false) => InPlace("aten::copy_", "", this, source, nonBlocking);

        public Tensor fill_(Scalar value) => InPlace("aten::fill_", "Scalar", this, value);

        public Tensor index_select(long dim, Tensor index) => Operator.Call("aten::index_select", "", this, dim, index);

        public Tensor select(long dim, long index) => Operator.Call("aten::select", "int", this, dim, index);

        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) => InPlace("aten::index_add_", "", this, dim, index, source, alpha);

        public Tensor reshape(params long[] shape) => Operator.Call("aten::reshape", "", this, shape);

        public Tensor flatten(long start_dim = 0, long end_dim = -1) => Operator.Call("aten::flatten", "using_ints", this, start_dim, end_dim);

        public Tensor transpose(long dim0, long dim1) => Operator.Call("aten::transpose", "int", this, dim0, dim1);

        public Tensor triu(long diagonal = 0) => Operator.Call("aten::triu", "", this, diagonal);

        public Tensor view(params long[] shape) => Operator.Call("aten::view", "", this, shape);

        public Tensor expand(params long[] sizes) => Operator.Call("aten::expand", "", this, sizes);

        public Tensor permute(params long[] permutation) => Operator.Call("aten::permute", "", this, permutation);

        public Tensor scatter_(long dim, Tensor index, Tensor src) => InPlace("aten::scatter_", "src", this, dim, index, src);

        public Tensor scatter_add_(long dim, Tensor index, Tensor src) => InPlace("aten::scatter_add_", "", this, dim, index, src);

        public Tensor gather(long dim, Tensor index) => Operator.Call("aten::gather", "", this, dim, index);

        public Tensor flip(params long[] dims) => Operator.Call("aten::flip", "", this, dims);

        public Tensor narrow(long dim, long start, long length) => Operator.Call("aten::narrow", "", this, dim, start, length);

        public Tensor slice(long dim, long start, long finish, long step) => Operator.Call("aten::slice", "Tensor", this, dim, start, finish, step);

        public Tensor unsqueeze(long dim) => Operator.Call("aten::unsqueeze", "", this, dim);

        public Tensor masked_fill(Tensor mask, Scalar value) => Operator.Call("aten::masked_fill", "Scalar", this, mask, value);

        public Tensor masked_select(Tensor mask) => Operator.Call("aten::masked_select", "", this, mask);

        public Tensor squeeze(long? dim = default) => dim is { } only ? Operator.Call("aten::squeeze", "dim", this, only) : Operator.Call("aten::squeeze", "", this);

        public Tensor where(Tensor condition, Tensor y) => torch.where(condition, this, y);

        public Tensor permute(IEnumerable<long> permutation) => permute([.. permutation]);

        public Tensor[] split(long size, int dim = 0) => Operator.CallList("aten::split", "Tensor", this, size, (long)dim);

        public Tensor[] split(long[] sizes, long dim = 0) => Operator.CallList("aten::split_with_sizes", "", this, sizes, dim);

        public Tensor[] chunk(long chunks, long dim = 0) => Operator.CallList("aten::chunk", "", this, chunks, dim);
    }
}
