using TorchSharp;
using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Training.Optimizers;

/// <summary>
/// A copy of the weights that are trained: the best model so far. Costs as much memory as they do, from the first <see cref="Take"/> on.
/// </summary>
/// <param name="parameters">The weights.</param>
/// <param name="restored">Called when the weights have been put back; null where nothing follows from them.</param>
internal sealed class WeightSnapshot(IReadOnlyDictionary<string, Parameter> parameters, Action? restored = null) : IDisposable
{
    private readonly Dictionary<string, torch.Tensor> _copies = [];

    /// <summary>The copies by name; none before the first <see cref="Take"/>.</summary>
    public IReadOnlyDictionary<string, torch.Tensor> Tensors => _copies;

    public void Take()
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        foreach ((string name, Parameter parameter) in parameters)
        {
            if (_copies.TryGetValue(name, out torch.Tensor? copy))
                copy.copy_(parameter);
            else
                _copies[name] = parameter.detach().clone().DetachFromDisposeScope();
        }
    }

    public void Restore()
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        foreach ((string name, Parameter parameter) in parameters)
            parameter.copy_(_copies[name]);
        restored?.Invoke();
    }

    public void Dispose()
    {
        foreach (torch.Tensor copy in _copies.Values)
            copy.Dispose();
        _copies.Clear();
    }
}
