using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;
using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Training.Optimizers;

/// <summary>
/// AdamW in libtorch operations, for any device and type; nothing is read back from a device, the clipping included. All parameters lie one
/// after the other in one tensor, and so do their moments, because a device is given one operation as slowly for a small tensor as for a
/// large one. The parameters stay there when the optimizer is disposed.
/// </summary>
internal sealed class DeviceAdamW : AdamWOptimizer
{
    // Numbers of one operation: each result in between is 256 MB of 32-bit floats then.
    private const long SliceNumbers = 1 << 26;

    private readonly AdamWSlot[] _order;
    private readonly torch.Tensor _weights, _first, _second;
    private readonly long _decaying;
    private torch.Tensor? _gradients;

    /// <param name="parameters">The parameters by name; their memory is replaced.</param>
    /// <param name="settings">The rates.</param>
    public DeviceAdamW(IReadOnlyDictionary<string, Parameter> parameters, TrainingSettings settings)
        : this(Flatten(parameters, settings), settings)
    {
    }

    private DeviceAdamW(Flat flat, TrainingSettings settings)
        : base(flat.Slots, settings) =>
        (_order, _weights, _first, _second, _decaying) = (flat.Order, flat.Weights, flat.First, flat.Second, flat.Decaying);

    public override double PrepareGradients()
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        _gradients?.Dispose();
        _gradients = torch.cat([.. _order.Select(GradientOf)]).DetachFromDisposeScope();
        // The next backward pass hands its gradients over instead of adding them to these.
        ClearGradients();
        bool onHost = _weights.device_type == DeviceType.CPU, clips = !double.IsPositiveInfinity(Settings.GradientClipNorm);
        if (!clips && !onHost)
            return double.NaN;
        torch.Tensor norm = torch.linalg.vector_norm(_gradients, ord: 2);
        if (clips)
            _gradients.mul_(norm.Plus(1e-6).reciprocal().Times(Settings.GradientClipNorm).AtMost(1));
        return onHost ? norm.ToDouble() : double.NaN;
    }

    public override void Dispose()
    {
        base.Dispose();
        _gradients?.Dispose();
        _weights.Dispose();
        _first.Dispose();
        _second.Dispose();
    }

    protected override void Apply(double learningRate)
    {
        using var noGrad = torch.no_grad();
        long total = _weights.NumberOfElements;
        for (long start = 0; start < total;)
        {
            // A slice ends where the parameters that decay end.
            long end = start < _decaying ? _decaying : total;
            long count = Math.Min(SliceNumbers, end - start);
            Move(start, count, learningRate, start < _decaying ? Settings.WeightDecay : 0);
            start += count;
        }
        // Activations of the next step need the memory.
        _gradients?.Dispose();
        _gradients = null;
    }

    private void Move(long start, long count, double learningRate, double weightDecay)
    {
        using var scope = torch.NewDisposeScope();
        double correction1 = 1 - Math.Pow(Settings.Beta1, StepCount), root = Math.Sqrt(1 - Math.Pow(Settings.Beta2, StepCount));
        torch.Tensor weights = _weights.narrow(0, start, count), gradients = _gradients!.narrow(0, start, count);
        torch.Tensor first = _first.narrow(0, start, count), second = _second.narrow(0, start, count);
        if (weightDecay != 0)
            weights.Scale(1 - learningRate * weightDecay);
        first.Scale(Settings.Beta1).Increase(gradients, 1 - Settings.Beta1);
        second.Scale(Settings.Beta2).IncreaseByProduct(gradients, gradients, 1 - Settings.Beta2);
        torch.Tensor denominator = second.sqrt().Divide(root).Increase(TrainingSettings.Epsilon);
        weights.IncreaseByQuotient(first, denominator, -learningRate / correction1);
    }

    private static torch.Tensor GradientOf(AdamWSlot slot) =>
        (slot.Parameter.grad ?? torch.zeros_like(slot.Parameter)).reshape(-1);

    // Parameters that decay stand before the others.
    private static Flat Flatten(IReadOnlyDictionary<string, Parameter> parameters, TrainingSettings settings)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        string[] order = [.. parameters.Keys.OrderByDescending(name => DecayOf(parameters[name], settings) != 0)];
        torch.Tensor weights = torch.cat([.. order.Select(name => parameters[name].reshape(-1))]).DetachFromDisposeScope();
        torch.Tensor first = torch.zeros_like(weights).DetachFromDisposeScope();
        torch.Tensor second = torch.zeros_like(weights).DetachFromDisposeScope();
        var slots = new Dictionary<string, AdamWSlot>();
        long start = 0;
        foreach (string name in order)
        {
            Parameter parameter = parameters[name];
            long count = parameter.NumberOfElements;
            torch.Tensor Part(torch.Tensor all) => all.narrow(0, start, count).view(parameter.shape);
            parameter.set_(Part(weights));
            slots.Add(name, new AdamWSlot(name, parameter, Part(first).DetachFromDisposeScope(), Part(second).DetachFromDisposeScope(),
                DecayOf(parameter, settings)));
            start += count;
        }
        AdamWSlot[] ordered = [.. order.Select(name => slots[name])];
        long decaying = ordered.Where(slot => slot.WeightDecay != 0).Sum(slot => slot.Parameter.NumberOfElements);
        return new Flat([.. parameters.Keys.Select(name => slots[name])], ordered, weights, first, second, decaying);
    }

    // The slots in the network's order and in that of the memory, and how many numbers decay: the first ones.
    private sealed record Flat(
        AdamWSlot[] Slots, AdamWSlot[] Order, torch.Tensor Weights, torch.Tensor First, torch.Tensor Second, long Decaying);
}
