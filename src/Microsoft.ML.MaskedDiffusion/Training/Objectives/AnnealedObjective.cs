using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Training.Objectives;

/// <summary>
/// Masked diffusion whose attention goes from causal to full over a part of the run (Gong et al., 2024, attention mask annealing): in each
/// micro batch a position sees each one behind it with a probability that grows from 0 to 1. What is measured has full attention.
/// </summary>
/// <param name="diffusion">The objective.</param>
/// <param name="start">The share of the run after which the annealing begins.</param>
/// <param name="share">The share of the run that it takes, above 0.</param>
internal sealed class AnnealedObjective(ITrainingObjective diffusion, double start, double share) : ITrainingObjective
{
    private double _probability = 1;

    public string Name => diffusion.Name;

    public string? LossRemark => _probability < 1
        ? string.Join(", ", new[] { "attention not yet full", diffusion.LossRemark }.OfType<string>()) : diffusion.LossRemark;

    public int SourceOnlyIds => diffusion.SourceOnlyIds;

    public int BlockLength(int contextLength) => diffusion.BlockLength(contextLength);

    public void Begin(TransformerNetwork network, double over)
    {
        diffusion.Begin(network, over);
        _probability = Math.Clamp((over - start) / share, 0, 1);
    }

    public torch.Tensor Loss(TransformerNetwork network, TokenBatch batch)
    {
        if (_probability == 1)
            return diffusion.Loss(network, batch);
        var mask = new UncoveredMask(batch.Length, _probability, batch.RandomOfBatch(RandomPurpose.AttentionMask));
        return network.WithAttention(AttentionPattern.Uncovered(mask), () => diffusion.Loss(network, batch));
    }

    public int LearnedTokens(TokenBatch batch) => diffusion.LearnedTokens(batch);

    public double[] RowLosses(TransformerNetwork network, TokenBatch batch) => diffusion.RowLosses(network, batch);
}
