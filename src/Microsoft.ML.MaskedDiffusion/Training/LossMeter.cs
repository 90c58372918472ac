using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>Sums the losses between two reports, on the device where reading them back would stall it.</summary>
internal sealed class LossMeter : IDisposable
{
    private readonly torch.Tensor? _deviceSum, _deviceMark;
    private readonly bool _hasGradientNorm;
    private (double Sum, int Count) _mark;
    private double _sum;
    private double _last;
    private int _count;

    /// <param name="device">Where the losses are computed.</param>
    /// <param name="isShared">Whether the losses of other ranks are added, which come as numbers.</param>
    public LossMeter(torch.Device device, bool isShared = false)
    {
        _hasGradientNorm = device.type == DeviceType.CPU;
        if (_hasGradientNorm || isShared)
            return;
        _deviceSum = torch.zeros(1, dtype: torch.ScalarType.Float64, device: device).DetachFromDisposeScope();
        _deviceMark = torch.zeros(1, dtype: torch.ScalarType.Float64, device: device).DetachFromDisposeScope();
    }

    /// <summary>Whether every loss is read at once.</summary>
    public bool IsHost => _deviceSum is null;

    public bool HasValues => _count > 0;

    /// <summary>Adds the loss of one micro batch, where every loss is read at once.</summary>
    public void Add(double loss)
    {
        _count++;
        // The first one that is no finite number is the one to name.
        if (double.IsFinite(_last))
            _last = loss;
        _sum += loss;
    }

    /// <summary>Adds a scalar loss, of one micro batch, where the losses stay on the device.</summary>
    public void Add(torch.Tensor loss)
    {
        _count++;
        using var noGrad = torch.no_grad();
        using torch.Tensor value = loss.detach();
        _deviceSum!.Increase(value);
    }

    public void ThrowUnlessFinite(long step, double gradientNorm, double learningRate)
    {
        double loss = _deviceSum is null ? _sum : _deviceSum.ToDouble();
        if (!double.IsFinite(loss) || double.IsInfinity(gradientNorm) || (_hasGradientNorm && double.IsNaN(gradientNorm)))
            throw new TrainingDivergedException(step, _deviceSum is null ? _last : loss / Math.Max(_count, 1), gradientNorm, learningRate);
    }

    /// <summary>The mean since the last call.</summary>
    public double TakeMean()
    {
        double mean = (_deviceSum is null ? _sum : _deviceSum.ToDouble()) / _count;
        _deviceSum?.Set(0);
        _sum = 0;
        _count = 0;
        return mean;
    }

    /// <summary>What was summed since the last <see cref="TakeMean"/>, for a checkpoint.</summary>
    public (double Sum, int Count) Read() => (_deviceSum is null ? _sum : _deviceSum.ToDouble(), _count);

    public void Restore(double sum, int count)
    {
        (_sum, _count) = (sum, count);
        _deviceSum?.Set(sum);
    }

    /// <summary>Marks where a step begins, without waiting for the device.</summary>
    public void Mark()
    {
        _mark = (_sum, _count);
        Copy(_deviceSum, _deviceMark);
    }

    /// <summary>Takes back what was added since the last <see cref="Mark"/>: the losses of a step that is not finished.</summary>
    public void Rewind()
    {
        (_sum, _count) = _mark;
        Copy(_deviceMark, _deviceSum);
    }

    public void Dispose()
    {
        _deviceSum?.Dispose();
        _deviceMark?.Dispose();
    }

    private static void Copy(torch.Tensor? from, torch.Tensor? to)
    {
        if (from is null || to is null)
            return;
        using var noGrad = torch.no_grad();
        to.copy_(from);
    }
}
