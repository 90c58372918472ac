using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;
using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Training.Optimizers;

/// <summary>AdamW in libtorch operations, for any device and type; nothing is read back from a device, the clipping included.</summary>
internal sealed class DeviceAdamW(IReadOnlyDictionary<string, Parameter> parameters, TrainingSettings settings)
    : AdamWOptimizer(parameters, settings)
{
    public override double PrepareGradients()
    {
        bool onHost = Slots.All(slot => slot.Parameter.device_type == DeviceType.CPU),
            clips = !double.IsPositiveInfinity(Settings.GradientClipNorm);
        if (!clips && !onHost)
            return double.NaN;
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        torch.Tensor[] gradients = [.. Slots.Select(slot => slot.Parameter.grad).Where(gradient => gradient is not null)!];
        torch.Tensor norm = torch.stack(gradients.Select(gradient => gradient.square().sum())).sum().sqrt();
        if (clips)
        {
            torch.Tensor scale = norm.Plus(1e-6).reciprocal().Times(Settings.GradientClipNorm).AtMost(1);
            foreach (torch.Tensor gradient in gradients)
                gradient.mul_(scale);
        }
        return onHost ? norm.ToDouble() : double.NaN;
    }

    protected override void Apply(double learningRate)
    {
        double correction1 = 1 - Math.Pow(Settings.Beta1, StepCount), root = Math.Sqrt(1 - Math.Pow(Settings.Beta2, StepCount));
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        foreach (AdamWSlot slot in Slots)
        {
            if (slot.Parameter.grad is not { } gradient)
                continue;
            if (slot.WeightDecay != 0)
                slot.Parameter.Scale(1 - learningRate * slot.WeightDecay);
            slot.FirstMoment.Scale(Settings.Beta1).Increase(gradient, 1 - Settings.Beta1);
            slot.SecondMoment.Scale(Settings.Beta2).IncreaseByProduct(gradient, gradient, 1 - Settings.Beta2);
            torch.Tensor denominator = slot.SecondMoment.sqrt().Divide(root).Increase(Settings.Epsilon);
            slot.Parameter.IncreaseByQuotient(slot.FirstMoment, denominator, -learningRate / correction1);
        }
    }
}
