using Microsoft.ML.MaskedDiffusion.Numerics.Autograd;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Torch;

/// <summary>
/// A part of the network that keeps only its inputs and runs once more, with its graph, when gradients are wanted (Chen et al., 2016). Its
/// arguments are the keeper of failures, the part itself, any parameter that requires a gradient, which ties the node to the graph, and the
/// part's inputs: the one that may need a gradient first, then constants. The part's own backward pass adds to the parameters' gradients.
/// </summary>
internal sealed class RecomputedFunction : GuardedFunction<RecomputedFunction>
{
    protected override Tensor Evaluate(autograd.AutogradContext context, object[] arguments)
    {
        var body = (Func<Tensor[], Tensor>)arguments[1];
        Tensor[] inputs = [.. arguments.Skip(3).Cast<Tensor>()];
        context.save_for_backward([.. inputs]);
        context.save_data("pass", arguments[0]);
        context.save_data("body", body);
        return body(inputs);
    }

    protected override List<Tensor> Differentiate(autograd.AutogradContext context, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        using IDisposable recording = enable_grad();
        var body = (Func<Tensor[], Tensor>)context.get_data("body");
        List<Tensor> saved = context.get_saved_variables();
        Tensor input = saved[0].detach();
        input.requires_grad = saved[0].requires_grad;
        Tensor output = body([input, .. saved.Skip(1)]);
        if (output.requires_grad)
            ((BackwardPass)context.get_data("pass")).Run(output, gradient);
        return [null!, null!, null!, input.grad?.MoveToOuterDisposeScope()!, .. saved.Skip(1).Select(_ => (Tensor)null!)];
    }
}
