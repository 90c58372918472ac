using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.PlainCode;

/// <summary>
/// The training step of the plain code: <see cref="PlainNetwork"/> on copies of a network's weights, torch's cross-entropy at the masked
/// positions, torch's clipping by the norm and torch's AdamW.
/// </summary>
internal sealed class PlainTraining : ITrainingSteps
{
    private readonly PlainNetwork _network;
    private readonly optim.Optimizer _optimizer;
    private readonly TrainingSettings _settings;
    private Tensor? _loss;

    public PlainTraining(TransformerNetwork network, TrainingSettings settings, bool rounded = false)
    {
        _settings = settings;
        _network = new PlainNetwork(network, trains: true, rounded);
        _optimizer = optim.AdamW(_network.Weights.Values, settings.LearningRate, settings.Beta1, settings.Beta2, TrainingSettings.Epsilon,
            settings.WeightDecay);
    }

    public IReadOnlyDictionary<string, TorchSharp.Modules.Parameter> Weights => _network.Weights;

    public double LastLoss => _loss!.ToDouble();

    public void Gradients(NoisyBatch batch)
    {
        using var scope = NewDisposeScope();
        _optimizer.zero_grad();
        Tensor loss = Loss(batch);
        loss.backward();
        _loss?.Dispose();
        _loss = loss.detach().DetachFromDisposeScope();
    }

    public void Step(NoisyBatch batch)
    {
        using var scope = NewDisposeScope();
        Gradients(batch);
        nn.utils.clip_grad_norm_(_network.Weights.Values, _settings.GradientClipNorm);
        _optimizer.step();
    }

    public void Dispose()
    {
        _loss?.Dispose();
        _optimizer.Dispose();
        _network.Dispose();
    }

    private Tensor Loss(NoisyBatch batch)
    {
        Tensor logits = _network.LogitsAt(batch.Tokens, batch.Length, batch.MaskedPositions);
        Tensor targets = tensor(batch.Targets, device: _network.Device);
        Tensor losses = nn.functional.cross_entropy(logits, targets, reduction: nn.Reduction.None);
        float[] weights = new float[batch.Targets.Length];
        for (int i = 0; i < weights.Length; i++)
            weights[i] = 1 / (batch.Probabilities[batch.RowOf(i)] * batch.Tokens.Length);
        return (losses * tensor(weights, device: _network.Device)).sum();
    }
}
