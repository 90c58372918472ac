using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Adapters;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using TorchSharp;
using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Training.Adapters;

/// <summary>
/// The factors of low-rank updates to some layers of a network (LoRA: Hu et al., 2021, section 4.1), whose other parameters are frozen.
/// The network's weights are W0 + s B A with s = alpha / r, written there after each change of the factors, so that any backend trains
/// adapters. With the gradient G of such a weight the chain rule gives dB = s G A^T and dA = s B^T G. A begins uniform in
/// +-1 / sqrt(inputs), PEFT's Kaiming initialisation, and B at zero, so that the network begins as it is.
/// </summary>
internal sealed class LoraWeights : ITrainableWeights
{
    private readonly TransformerNetwork _network;
    private readonly LoraSettings _settings;
    private readonly double _scale;
    private readonly Dictionary<string, torch.Tensor> _originals = [];
    private readonly OrderedDictionary<string, Parameter> _parameters = [];
    private readonly List<(LinearLayer Layer, Parameter A, Parameter B)> _factors = [];

    /// <param name="network">The network with its weights W0, which stays the caller's and is not trained otherwise meanwhile.</param>
    /// <param name="settings">What to adapt.</param>
    /// <param name="seed">The seed of the factors A. Each has a random stream of its own, which its name and the seed decide.</param>
    public LoraWeights(TransformerNetwork network, LoraSettings settings, ulong seed)
    {
        (_network, _settings, _scale) = (network, settings, settings.Alpha / settings.Rank);
        using var scope = torch.NewDisposeScope();
        foreach (LinearLayer layer in settings.Layers)
        {
            string nameOfA = layer.Name + AdapterFiles.ASuffix, nameOfB = layer.Name + AdapterFiles.BSuffix;
            Parameter a = Zeros(settings.Rank, layer.Inputs), b = Zeros(layer.Outputs, settings.Rank);
            Initialize(a, new CounterRandom(seed, ContentKey.Of(nameOfA), RandomPurpose.Initialization));
            _parameters.Add(nameOfA, a);
            _parameters.Add(nameOfB, b);
            _factors.Add((layer, a, b));
        }
        foreach (string name in settings.Layers.SelectMany(layer => layer.Rows).Select(rows => rows.Parameter).Distinct())
            _originals.Add(name, network.Parameters[name].detach().clone().DetachFromDisposeScope());
        foreach ((string name, Parameter parameter) in network.Parameters)
            parameter.requires_grad = _originals.ContainsKey(name);
    }

    public IReadOnlyDictionary<string, Parameter> Parameters => _parameters;

    public void GatherGradients()
    {
        using IDisposable noGradient = torch.no_grad();
        foreach ((LinearLayer layer, Parameter a, Parameter b) in _factors)
        {
            using var scope = torch.NewDisposeScope();
            if (GradientOf(layer) is not { } gradient)
            {
                a.grad = b.grad = null!;
                continue;
            }
            a.grad = b.t().mm(gradient).Times(_scale);
            b.grad = gradient.mm(a.t()).Times(_scale);
        }
    }

    public void Apply()
    {
        using var scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        foreach ((string name, torch.Tensor original) in _originals)
            _network.Parameters[name].copy_(original);
        foreach ((LinearLayer layer, Parameter a, Parameter b) in _factors)
            LowRankUpdate.Add(_network, layer, a, b, _scale);
    }

    public LoraAdapter ToAdapter() => new(_settings.Rank, _settings.Alpha, _settings.Targets,
        [.. _factors.Select(item => new LoraFactors(item.Layer.Name, Numbers(item.A), Numbers(item.B)))],
        _network.Config.Autoregressive ? AdapterFiles.CausalTask : null);

    public void Dispose()
    {
        foreach (Parameter parameter in _network.Parameters.Values)
        {
            parameter.grad = null!;
            parameter.requires_grad = true;
        }
        foreach (torch.Tensor original in _originals.Values)
            original.Dispose();
        foreach (Parameter parameter in _parameters.Values)
            parameter.Dispose();
    }

    private static float[] Numbers(torch.Tensor tensor)
    {
        using var scope = torch.NewDisposeScope();
        return TensorMemory.FloatSpan(tensor.detach().to(torch.ScalarType.Float32, torch.CPU).contiguous()).ToArray();
    }

    private static void Initialize(Parameter a, CounterRandom random)
    {
        using var scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        double bound = 1 / Math.Sqrt(a.size(1));
        var values = new float[a.NumberOfElements];
        foreach (ref float value in values.AsSpan())
            value = (float)((2 * random.NextDouble() - 1) * bound);
        a.copy_(torch.tensor(values, a.shape));
    }

    private Parameter Zeros(long rows, long columns)
    {
        var parameter = new Parameter(torch.zeros(rows, columns, dtype: _network.Type, device: _network.Device));
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    // The gradient of the layer's weight [outputs, inputs]; null where no backward pass has come to all of it.
    private torch.Tensor? GradientOf(LinearLayer layer)
    {
        var parts = new List<torch.Tensor>();
        foreach (StoredRows rows in layer.Rows.OrderBy(rows => rows.From))
        {
            if (_network.Parameters[rows.Parameter].grad is not { } gradient)
                return null;
            parts.Add(gradient.narrow(0, rows.To, rows.Count));
        }
        return parts.Count == 1 ? parts[0] : torch.cat(parts);
    }
}
