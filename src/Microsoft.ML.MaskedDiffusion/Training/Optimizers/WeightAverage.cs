using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;
using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Training.Optimizers;

/// <summary>
/// An exponential moving average of a network's weights in at least 32 bits. After step t it is the mean of the weights of steps i = 1 .. t
/// with shares d^(t - i): the rate (1 - d) / (1 - d^t) is Adam's bias correction (Kingma and Ba, 2015, section 3) written as a recursion,
/// which starts at the first step's weights and needs no state beside the average and the step.
/// </summary>
internal sealed class WeightAverage : IDisposable
{
    private readonly IReadOnlyDictionary<string, Parameter> _parameters;
    private readonly Dictionary<string, torch.Tensor> _averages = [];
    private readonly double _decay;
    private readonly Action? _adopted;

    /// <param name="parameters">The weights that are trained.</param>
    /// <param name="decay">The decay rate d.</param>
    /// <param name="adopted">Called when the weights have been replaced; null where nothing follows from them.</param>
    public WeightAverage(IReadOnlyDictionary<string, Parameter> parameters, double decay, Action? adopted = null)
    {
        _parameters = parameters;
        _decay = decay;
        _adopted = adopted;
        using var scope = torch.NewDisposeScope();
        foreach ((string name, Parameter parameter) in parameters)
        {
            torch.ScalarType type = parameter.dtype == torch.ScalarType.Float64 ? torch.ScalarType.Float64 : torch.ScalarType.Float32;
            _averages[name] = torch.zeros(parameter.shape, dtype: type, device: parameter.device).DetachFromDisposeScope();
        }
    }

    /// <summary>The averages by name, zero before the first <see cref="Update"/>.</summary>
    public IReadOnlyDictionary<string, torch.Tensor> Tensors => _averages;

    /// <summary>Takes in the weights of a step, counted from 1.</summary>
    public void Update(long step)
    {
        double rate = (1 - _decay) / (1 - Math.Pow(_decay, step));
        using var noGrad = torch.no_grad();
        foreach ((string name, torch.Tensor average) in _averages)
        {
            // The difference is computed first, because it is small and so its rounding error is small.
            using torch.Tensor difference = _parameters[name] - average;
            average.Increase(difference, rate);
        }
    }

    /// <summary>Gives the weights the averages for good.</summary>
    public void Adopt()
    {
        using var noGrad = torch.no_grad();
        foreach ((string name, torch.Tensor average) in _averages)
            _parameters[name].copy_(average);
        _adopted?.Invoke();
    }

    /// <summary>Gives the weights the averages until the result is disposed, which puts the weights back, bit for bit.</summary>
    public IDisposable Apply()
    {
        var own = new WeightSnapshot(_parameters, _adopted);
        own.Take();
        Adopt();
        return new Loan(own);
    }

    public void Dispose()
    {
        foreach (torch.Tensor average in _averages.Values)
            average.Dispose();
        _averages.Clear();
    }

    private sealed class Loan(WeightSnapshot own) : IDisposable
    {
        public void Dispose()
        {
            own.Restore();
            own.Dispose();
        }
    }
}
