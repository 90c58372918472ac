using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Autograd;

/// <summary>SwiGLU's product on our kernel.</summary>
internal sealed unsafe class GateFunction : GuardedFunction<GateFunction>
{
    public static Tensor Run(Tensor gate, Tensor up) => Fused.NeedsGradient(gate, up) ? apply(gate, up) : Compute(gate, up);

    protected override Tensor Evaluate(autograd.AutogradContext context, object[] arguments)
    {
        Tensor gate = (Tensor)arguments[0], up = (Tensor)arguments[1];
        context.save_for_backward([gate, up]);
        return Compute(gate, up);
    }

    protected override List<Tensor> Differentiate(autograd.AutogradContext context, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        List<Tensor> saved = context.get_saved_variables();
        Tensor gate = saved[0].detach().contiguous(), up = saved[1].detach().contiguous(), dy = gradient.contiguous();
        Tensor dGate = empty(gate.shape), dUp = empty(gate.shape);
        GateKernels.Backward(TensorMemory.Floats(gate), TensorMemory.Floats(up), TensorMemory.Floats(dy), TensorMemory.Floats(dGate), TensorMemory.Floats(dUp), gate.NumberOfElements, keepDy: true);
        return [dGate.MoveToOuterDisposeScope(), dUp.MoveToOuterDisposeScope()];
    }

    private static Tensor Compute(Tensor gate, Tensor up)
    {
        Tensor y = empty(gate.shape);
        Tensor a = gate.contiguous(), b = up.contiguous();
        GateKernels.Forward(TensorMemory.Floats(a), TensorMemory.Floats(b), TensorMemory.Floats(y), y.NumberOfElements);
        return y;
    }
}
