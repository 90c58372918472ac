using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <summary>
/// A piece of the network that keeps only what goes into it and runs once more, with its graph, when gradients come (Chen et al., 2016). Arguments are the piece, any
/// parameter that requires a gradient, which ties the node to the graph, and what the piece takes: its input first, then constants. The piece's own backward pass adds
/// to the parameters' gradients.
/// </summary>
internal sealed class RecomputedFunction : autograd.SingleTensorFunction<RecomputedFunction>
{
    public override string Name => nameof(RecomputedFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var body = (Func<Tensor[], Tensor>)vars[0];
        Tensor[] inputs = [.. vars.Skip(2).Cast<Tensor>()];
        ctx.save_for_backward([.. inputs]);
        ctx.save_data("body", body);
        return body(inputs);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        using IDisposable gradient = enable_grad();
        var body = (Func<Tensor[], Tensor>)ctx.get_data("body");
        List<Tensor> saved = ctx.get_saved_variables();
        Tensor input = saved[0].detach();
        input.requires_grad = saved[0].requires_grad;
        Tensor output = body([input, .. saved.Skip(1)]);
        if (output.requires_grad) autograd.backward(output, grad_output);
        return [null!, null!, input.grad?.MoveToOuterDisposeScope()!, .. saved.Skip(1).Select(_ => (Tensor)null!)];
    }
}
