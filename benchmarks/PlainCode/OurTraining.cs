using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Optimizers;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.PlainCode;

/// <summary>The library's training step beside <see cref="PlainTraining"/>: what its training loop does for each batch.</summary>
internal sealed class OurTraining : ITrainingSteps
{
    private readonly TransformerNetwork _network;
    private readonly AdamWOptimizer _optimizer;
    private readonly MaskedDiffusionObjective _objective = new();
    private readonly TrainingSettings _settings;
    private torch.Tensor? _loss;

    /// <param name="network">The network to train; it stays the caller's.</param>
    /// <param name="settings">Those of the optimizer.</param>
    public OurTraining(TransformerNetwork network, TrainingSettings settings)
    {
        _network = network;
        _settings = settings;
        _optimizer = AdamWOptimizer.Create(network.Parameters, settings);
    }

    public IReadOnlyDictionary<string, TorchSharp.Modules.Parameter> Weights => _network.Parameters;

    public double LastLoss => _loss!.to(torch.ScalarType.Float64, torch.CPU).item<double>();

    public void Gradients(NoisyBatch batch)
    {
        using var scope = torch.NewDisposeScope();
        _network.ZeroGradients();
        torch.Tensor loss = _objective.Loss(_network, batch);
        _network.Backward(loss);
        _loss?.Dispose();
        _loss = loss.detach().DetachFromDisposeScope();
    }

    public void Step(NoisyBatch batch)
    {
        Gradients(batch);
        _optimizer.PrepareGradients();
        _optimizer.Step(_settings.LearningRate);
    }

    public void Dispose()
    {
        _loss?.Dispose();
        _optimizer.Dispose();
    }
}
