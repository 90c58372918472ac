using Microsoft.ML.MaskedDiffusion.Numerics.Autograd;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>
/// The kernel network as one node of torch's graph: arguments are the network, the tokens and any parameter that requires a gradient, which ties the node to the
/// graph. The backward pass adds to all parameters' gradients itself, so that none is allocated, returned and added by torch once more.
/// </summary>
internal sealed class HiddenFunction : GuardedFunction<HiddenFunction>
{
    protected override Tensor Evaluate(autograd.AutogradContext context, object[] arguments)
    {
        var network = (TransformerNetwork)arguments[0];
        (Tensor hidden, ForwardTape tape) = network.Record((Tensor)arguments[1]);
        context.save_data("network", network);
        context.save_data("tape", tape);
        return hidden;
    }

    protected override List<Tensor> Differentiate(autograd.AutogradContext context, Tensor gradient)
    {
        ((TransformerNetwork)context.get_data("network")).Backward((ForwardTape)context.get_data("tape"), gradient);
        return [null!, null!, null!];
    }
}
