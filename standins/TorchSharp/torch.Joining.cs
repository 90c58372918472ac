using TorchSharp.Native;

namespace TorchSharp;

// Functions of several tensors.
public static partial class torch
{
    public static Tensor[] where(Tensor condition) => Operator.CallList("aten::where", "", condition);

    public static Tensor gather(Tensor input, long dim, Tensor index, bool sparse_grad = false) => Operator.Call("aten::gather", "", input, dim, index, sparse_grad);

    public static Tensor linspace(double start, double end, long steps, ScalarType? dtype = default, Device device = default, bool requires_grad = false) =>
        Finish(Operator.Call("aten::linspace", "", start, end, steps, dtype, Arg.None, device), requires_grad);
}
