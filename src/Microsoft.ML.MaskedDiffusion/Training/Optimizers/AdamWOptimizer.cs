using TorchSharp;
using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Training.Optimizers;

/// <summary>
/// AdamW with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2) and clipping by the global norm (torch's rule, scale by
/// min(1, max / (norm + 1e-6))). Keeps its moments as plain tensors by parameter name, so that they can be written out and read back.
/// </summary>
internal abstract class AdamWOptimizer(IReadOnlyList<AdamWSlot> slots, TrainingSettings settings) : IDisposable
{
    /// <summary>Optimizer steps taken so far: the t of the bias corrections.</summary>
    public long StepCount { get; set; }

    /// <summary>Every parameter with its moments, in the network's order.</summary>
    public IReadOnlyList<AdamWSlot> Slots { get; } = slots;

    protected TrainingSettings Settings { get; } = settings;

    /// <summary>The fastest implementation for where the parameters live.</summary>
    public static AdamWOptimizer Create(IReadOnlyDictionary<string, Parameter> parameters, TrainingSettings settings) =>
        parameters.Values.All(p => p.device_type == DeviceType.CPU && p.dtype == torch.ScalarType.Float32 && p.is_contiguous())
            ? new HostAdamW(parameters, settings)
            : new DeviceAdamW(parameters, settings);

    /// <summary>Works out the clipping. Returns the gradient's global L2 norm, or NaN where reading it would stall the device.</summary>
    public abstract double PrepareGradients();

    /// <summary>Moves the parameters by one step with the prepared gradients.</summary>
    public void Step(double learningRate)
    {
        StepCount++;
        Apply(learningRate);
    }

    /// <summary>Forgets all gradients; the next backward pass makes its own without a copy.</summary>
    public void ClearGradients()
    {
        foreach (AdamWSlot slot in Slots)
            slot.Parameter.grad = null!;
    }

    public virtual void Dispose()
    {
        foreach (AdamWSlot slot in Slots)
        {
            slot.FirstMoment.Dispose();
            slot.SecondMoment.Dispose();
        }
    }

    protected abstract void Apply(double learningRate);

    /// <summary>The weight decay of a parameter: norm gains may be spared.</summary>
    protected static double DecayOf(Parameter parameter, TrainingSettings settings) =>
        settings.DecayNormGains || parameter.dim() > 1 ? settings.WeightDecay : 0;
}
