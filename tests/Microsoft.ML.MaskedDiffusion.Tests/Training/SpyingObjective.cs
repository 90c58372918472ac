using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Counts the calls of an objective, acts on each, and can spoil the loss.</summary>
internal sealed class SpyingObjective(ITrainingObjective inner, Action<int>? action = null) : ITrainingObjective
{
    public int Calls { get; private set; }

    public Func<int, float> Factor { get; init; } = _ => 1;

    public string Name => inner.Name;

    public int BlockLength(int contextLength) => inner.BlockLength(contextLength);

    public torch.Tensor Loss(TransformerNetwork network, TokenBatch batch)
    {
        Calls++;
        action?.Invoke(Calls);
        return inner.Loss(network, batch).Times(Factor(Calls));
    }

    public double[] RowLosses(TransformerNetwork network, TokenBatch batch) => inner.RowLosses(network, batch);
}
