using TorchSharp.Native;

namespace TorchSharp;

// More ways to arrange, repeat and pick elements.
public static partial class torch
{
    public partial class Tensor
    {
        public Tensor as_strided(long[] size, long[] strides, long storageOffset = 0) => Operator.Call("aten::as_strided", "", this, size, strides, storageOffset);

        public Tensor take(Tensor index) => Operator.Call("aten::take", "", this, index);

        public Tensor take_along_dim(Tensor indices) => Operator.Call("aten::take_along_dim", "", this, indices);

        public Tensor take_along_dim(Tensor indices, long dim) => Operator.Call("aten::take_along_dim", "", this, indices, dim);

        public Tensor index_copy(long dim, Tensor index, Tensor source) => Operator.Call("aten::index_copy", "", this, dim, index, source);

        public Tensor squeeze_(long? dim = default) => dim is { } only ? InPlace("aten::squeeze_", "dim", this, only) : InPlace("aten::squeeze_", "", this);

        public Tensor transpose_(long dim0, long dim1) => InPlace("aten::transpose_", "", this, dim0, dim1);

        public Tensor swapaxes(long dim0, long dim1) => transpose(dim0, dim1);

        public Tensor tile(long[] reps) => Operator.Call("aten::tile", "", this, reps);

        public Tensor[] split(ReadOnlySpan<long> sizes, long dim = 0) => split(sizes.ToArray(), dim);

        public Tensor[] split(params long[] sizes) => split(sizes, 0L);

        public Tensor expand(ReadOnlySpan<long> sizes, bool isImplicit = false) => expand(sizes.ToArray(), isImplicit);

        public Tensor expand(Size sizes, bool isImplicit = false) => expand(sizes.Shape, isImplicit);

        public Tensor expand(long[] sizes, bool isImplicit = false) => Operator.Call("aten::expand", "", this, sizes, isImplicit);

        public Tensor repeat_interleave(Tensor repeats, long? dim = default, long? output_size = default) => Operator.Call("aten::repeat_interleave", "self_Tensor", this, repeats, dim, output_size);

        public Tensor repeat_interleave(long repeats, long? dim = default, long? output_size = default) => Operator.Call("aten::repeat_interleave", "self_int", this, repeats, dim, output_size);

        public Tensor broadcast_to(params long[] shape) => Operator.Call("aten::broadcast_to", "", this, shape);

        public Tensor movedim(long[] source, long[] destination) => Operator.Call("aten::movedim", "intlist", this, source, destination);

        public Tensor scatter_add(long dim, Tensor index, Tensor src) => Operator.Call("aten::scatter_add", "", this, dim, index, src);

        public Tensor roll(long shifts, long? dims = default) => Operator.Call("aten::roll", "", this, new[] { shifts }, dims is { } dim ? [dim] : Array.Empty<long>());

        public Tensor roll((long, long) shifts, (long, long) dims) => roll(new[] { shifts.Item1, shifts.Item2 }, new[] { dims.Item1, dims.Item2 });

        public Tensor roll(long[] shifts, long[] dims) => Operator.Call("aten::roll", "", this, shifts, dims);

        public Tensor roll(long[] shifts) => Operator.Call("aten::roll", "", this, shifts);

        public Tensor roll((long, long, long) shifts, (long, long, long) dims) => roll(new[] { shifts.Item1, shifts.Item2, shifts.Item3 }, new[] { dims.Item1, dims.Item2, dims.Item3 });

        public Tensor roll(ReadOnlySpan<long> shifts, ReadOnlySpan<long> dims = default) => roll(shifts.ToArray(), dims.ToArray());

        public Tensor unsqueeze_(long dim) => InPlace("aten::unsqueeze_", "", this, dim);
    }
}
