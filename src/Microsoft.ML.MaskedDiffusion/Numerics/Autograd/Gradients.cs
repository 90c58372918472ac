using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Autograd;

/// <summary>Where kernels add up a parameter's gradient, and whether one is wanted at all.</summary>
internal static unsafe class Gradients
{
    /// <summary>Whether libtorch records a graph now, and one of the tensors asks for a gradient.</summary>
    public static bool AreWanted(params ReadOnlySpan<Tensor> tensors)
    {
        if (!is_grad_enabled())
            return false;
        foreach (Tensor one in tensors)
        {
            if (one.requires_grad)
                return true;
        }
        return false;
    }

    /// <summary>The address of <paramref name="parameter"/>'s gradient, which is made and set to zero where there is none yet.</summary>
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
