using TorchSharp.Native;

namespace TorchSharp;

// More ways to arrange, repeat and pick elements.
public static partial class torch
{
    public partial class Tensor
    {
        public Tensor take(Tensor index) => Operator.Call("aten::take", "", this, index);

        public Tensor[] split(ReadOnlySpan<long> sizes, long dim = 0) => split(sizes.ToArray(), dim);

        public Tensor[] split(params long[] sizes) => split(sizes, 0L);

        public Tensor expand(ReadOnlySpan<long> sizes, bool isImplicit = false) => expand(sizes.ToArray(), isImplicit);

        public Tensor expand(Size sizes, bool isImplicit = false) => expand(sizes.Shape, isImplicit);

        public Tensor expand(long[] sizes, bool isImplicit = false) => Operator.Call("aten::expand", "", this, sizes, isImplicit);
    }
}
