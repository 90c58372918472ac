using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;
using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Training.Optimizers;

/// <summary>AdamW for float32 parameters in the processor's memory: one pass over each array, the clipping included.</summary>
internal sealed class HostAdamW(IReadOnlyDictionary<string, Parameter> parameters, TrainingSettings settings)
    : AdamWOptimizer([.. parameters.Select(item => Slot(item.Key, item.Value, settings))], settings)
{
    private float _scale = 1;

    public override unsafe double PrepareGradients()
    {
        using var scope = torch.NewDisposeScope();
        double squares = 0;
        foreach (AdamWSlot slot in Slots)
        {
            if (slot.Parameter.grad is not { } gradient)
                continue;
            if (!gradient.is_contiguous())
                slot.Parameter.grad = gradient = gradient.contiguous();
            squares += AdamWKernel.SquaredNorm(TensorMemory.Floats(gradient), gradient.NumberOfElements);
        }
        double norm = Math.Sqrt(squares);
        _scale = (float)Math.Min(1, Settings.GradientClipNorm / (norm + 1e-6));
        return norm;
    }

    protected override unsafe void Apply(double learningRate)
    {
        using var scope = torch.NewDisposeScope();
        foreach (AdamWSlot slot in Slots)
        {
            if (slot.Parameter.grad is { } gradient)
                AdamWKernel.Step(TensorMemory.Floats(slot.Parameter), TensorMemory.Floats(gradient), TensorMemory.Floats(slot.FirstMoment),
                    TensorMemory.Floats(slot.SecondMoment), gradient.NumberOfElements,
                    learningRate, Settings.Beta1, Settings.Beta2, TrainingSettings.Epsilon, slot.WeightDecay, StepCount, _scale);
        }
    }

    private static AdamWSlot Slot(string name, Parameter parameter, TrainingSettings settings)
    {
        torch.Tensor Zeros() => torch.zeros(parameter.shape, dtype: parameter.dtype, device: parameter.device).DetachFromDisposeScope();
        return new AdamWSlot(name, parameter, Zeros(), Zeros(), DecayOf(parameter, settings));
    }
}
