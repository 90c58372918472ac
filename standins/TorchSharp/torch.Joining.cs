using TorchSharp.Native;

namespace TorchSharp;

// Functions of several tensors.
public static partial class torch
{
    public static Tensor concat(IList<Tensor> tensors, long dim = 0) => cat(tensors, dim);

    public static Tensor hstack(IList<Tensor> tensors) => Operator.Call("aten::hstack", "", Arg.List([.. tensors]));

    public static Tensor hstack(params Tensor[] tensors) => hstack((IList<Tensor>)tensors);

    public static Tensor hstack(IEnumerable<Tensor> tensors) => hstack((IList<Tensor>)[.. tensors]);

    public static Tensor vstack(IList<Tensor> tensors) => Operator.Call("aten::vstack", "", Arg.List([.. tensors]));

    public static Tensor[] where(Tensor condition) => Operator.CallList("aten::where", "", condition);

    public static Tensor gather(Tensor input, long dim, Tensor index, bool sparse_grad = false) => Operator.Call("aten::gather", "", input, dim, index, sparse_grad);

    public static Tensor linspace(double start, double end, long steps, ScalarType? dtype = default, Device device = default, bool requires_grad = false) =>
        Finish(Operator.Call("aten::linspace", "", start, end, steps, dtype, Arg.None, device), requires_grad);

    public static Tensor WrappedTensorDisposeScope(Func<Tensor> expr)
    {
        using DisposeScope scope = NewDisposeScope();
        return expr().MoveToOuterDisposeScope();
    }
}
