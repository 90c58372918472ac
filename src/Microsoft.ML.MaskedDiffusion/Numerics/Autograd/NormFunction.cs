using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Autograd;

/// <summary>RMSNorm on our kernel.</summary>
internal sealed unsafe class NormFunction : GuardedFunction<NormFunction>
{
    public static Tensor Run(Tensor x, Tensor gain, double epsilon)
    {
        if (Fused.NeedsGradient(x, gain))
            return apply(x, gain, epsilon);
        (Tensor y, Tensor scale) = Compute(x, gain, epsilon);
        scale.Dispose();
        return y;
    }

    protected override Tensor Evaluate(autograd.AutogradContext context, object[] arguments)
    {
        Tensor x = (Tensor)arguments[0], gain = (Tensor)arguments[1];
        (Tensor y, Tensor scale) = Compute(x, gain, (double)arguments[2]);
        context.save_for_backward([x, gain, scale]);
        return y;
    }

    protected override List<Tensor> Differentiate(autograd.AutogradContext context, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        List<Tensor> saved = context.get_saved_variables();
        Tensor x = saved[0].detach().contiguous(), gain = saved[1].detach().contiguous(), scale = saved[2], dy = gradient.contiguous();
        int width = (int)gain.size(0), rows = checked((int)(x.NumberOfElements / width));
        Tensor dx = empty(x.shape), dGain = zeros(width);
        NormKernels.Backward(TensorMemory.Floats(x), TensorMemory.Floats(gain), TensorMemory.Floats(scale), TensorMemory.Floats(dy), null, TensorMemory.Floats(dx), TensorMemory.Floats(dGain), rows, width);
        return [dx.MoveToOuterDisposeScope(), dGain.MoveToOuterDisposeScope(), null!];
    }

    private static (Tensor Y, Tensor Scale) Compute(Tensor x, Tensor gain, double epsilon)
    {
        int width = (int)gain.size(0), rows = checked((int)(x.NumberOfElements / width));
        Tensor y = empty(x.shape), scale = empty(rows);
        Tensor from = x.contiguous(), gains = gain.contiguous();
        NormKernels.Forward(TensorMemory.Floats(from), TensorMemory.Floats(gains), epsilon, TensorMemory.Floats(y), TensorMemory.Floats(scale), rows, width);
        return (y, scale);
    }
}
