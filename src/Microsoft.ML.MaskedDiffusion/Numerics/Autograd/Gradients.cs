using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Autograd;

/// <summary>Gives kernels the place where a parameter's gradient is summed.</summary>
internal static unsafe class Gradients
{
    /// <summary>The memory of <paramref name="parameter"/>'s gradient, begun with zeros where there is none yet.</summary>
    public static float* Address(Tensor parameter)
    {
        using Tensor? present = parameter.grad;
        if (present is not null && present.is_contiguous())
            return TensorMemory.Floats(present);
        using Tensor begun = present is null ? zeros_like(parameter) : present.contiguous();
        Tensor detached = begun.detach();
        parameter.grad = detached;
        detached.Dispose();
        using Tensor kept = parameter.grad!;
        return TensorMemory.Floats(kept);
    }
}
