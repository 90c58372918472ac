using Microsoft.ML.MaskedDiffusion.Numerics.Autograd;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;

/// <summary>
/// The network from tokens to the final norm as one node of torch's graph. Its arguments are the backward pass's keeper of failures, the
/// backend, the tokens, any parameter that requires a gradient, which ties the node to the graph, and the asked places, null for all. The
/// backward pass adds to all parameters' gradients itself, so that no gradient is allocated, returned and added by torch once more.
/// </summary>
internal sealed class HiddenFunction : GuardedFunction<HiddenFunction>
{
    protected override Tensor Evaluate(autograd.AutogradContext context, object[] arguments)
    {
        var backend = (CpuBackend)arguments[1];
        (Tensor hidden, ForwardTape tape) = backend.Record((TokenRows)arguments[2], (long[]?)arguments[4]);
        context.save_data("backend", backend);
        context.save_data("tape", tape);
        return hidden;
    }

    protected override List<Tensor> Differentiate(autograd.AutogradContext context, Tensor gradient)
    {
        ((CpuBackend)context.get_data("backend")).Backward((ForwardTape)context.get_data("tape"), gradient);
        return [null!, null!, null!, null!, null!];
    }
}
