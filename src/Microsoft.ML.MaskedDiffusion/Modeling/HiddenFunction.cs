using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <summary>
/// The kernel network as one node of torch's graph: arguments are the network, the tokens and any parameter that requires a gradient, which ties the node to the
/// graph. The backward pass adds to all parameters' gradients itself, so that none is allocated, returned and added by torch once more.
/// </summary>
internal sealed class HiddenFunction : autograd.SingleTensorFunction<HiddenFunction>
{
    public override string Name => nameof(HiddenFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var network = (TransformerNetwork)vars[0];
        (Tensor hidden, ForwardTape tape) = network.Record((Tensor)vars[1]);
        ctx.save_data("network", network);
        ctx.save_data("tape", tape);
        return hidden;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        ((TransformerNetwork)ctx.get_data("network")).Backward((ForwardTape)ctx.get_data("tape"), grad_output);
        return [null!, null!, null!];
    }
}
