using TorchSharp;
using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Training.Optimizers;

/// <summary>
/// AdamW with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2) and clipping by the global norm (torch's rule, scale by
/// min(1, max / (norm + 1e-6))). Keeps its moments as plain tensors by parameter name, so that they can be written out and read back.
/// </summary>
internal abstract class AdamWOptimizer : IDisposable
{
    protected AdamWOptimizer(IReadOnlyDictionary<string, Parameter> parameters, TrainingSettings settings)
    {
        Settings = settings;
        var slots = new List<AdamWSlot>(parameters.Count);
        foreach ((string name, Parameter parameter) in parameters)
        {
            using IDisposable scope = torch.NewDisposeScope();
            torch.Tensor first = torch.zeros(parameter.shape, dtype: parameter.dtype, device: parameter.device).DetachFromDisposeScope();
            torch.Tensor second = torch.zeros(parameter.shape, dtype: parameter.dtype, device: parameter.device).DetachFromDisposeScope();
            bool decays = settings.DecayNormGains || parameter.shape.Length > 1;
            slots.Add(new AdamWSlot(name, parameter, first, second, decays ? settings.WeightDecay : 0));
        }
        Slots = slots;
    }

    /// <summary>Optimizer steps taken so far: the t of the bias corrections.</summary>
    public long StepCount { get; set; }

    /// <summary>Every parameter with its moments, in the network's order.</summary>
    public IReadOnlyList<AdamWSlot> Slots { get; }

    protected TrainingSettings Settings { get; }

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

    public void Dispose()
    {
        foreach (AdamWSlot slot in Slots)
        {
            slot.FirstMoment.Dispose();
            slot.SecondMoment.Dispose();
        }
    }

    protected abstract void Apply(double learningRate);
}
