using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Noise;

/// <summary>
/// The training loss: the cross-entropy of the masked tokens, each divided by its sequence's masking probability, over all tokens (Nie et
/// al., 2024, eq. 4), or with weights of the batch's own. Vocabulary logits are computed at masked positions only.
/// </summary>
internal sealed class MaskedDiffusionObjective(LossWeighting weighting = LossWeighting.InverseNoiseLevel)
{
    /// <summary>The loss of a batch in nats per token, a scalar with its graph. The caller owns its scope.</summary>
    /// <param name="network">The network, on any device and type.</param>
    /// <param name="batch">Noised sequences.</param>
    /// <param name="divisor">
    /// What the sum is divided by; null for all tokens of the batch. Fine-tuning counts only the tokens behind the prompt.
    /// </param>
    public Tensor Loss(TransformerNetwork network, NoisyBatch batch, double? divisor = null)
    {
        using var scope = NewDisposeScope();
        return Losses(network, batch).sum().Over(divisor ?? (double)batch.Count * batch.Length).MoveToOuterDisposeScope();
    }

    /// <summary>The loss of each sequence in nats per token, without a graph.</summary>
    /// <param name="network">The network, on any device and type.</param>
    /// <param name="batch">Noised sequences.</param>
    /// <param name="divisors">What each sequence's sum is divided by; null for all its tokens.</param>
    public double[] RowLosses(TransformerNetwork network, NoisyBatch batch, int[]? divisors = null)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using TensorAccessor<double> losses = Losses(network, batch).to(ScalarType.Float64, CPU).data<double>();
        double[] values = losses.ToArray();
        var rows = new double[batch.Count];
        for (int i = 0; i < batch.Targets.Length; i++)
            rows[batch.RowOf(i)] += values[i] / (divisors?[batch.RowOf(i)] ?? batch.Length);
        return rows;
    }

    // Weighted cross-entropy of every masked token, [masked].
    private Tensor Losses(TransformerNetwork network, NoisyBatch batch)
    {
        var tokens = new TokenRows(batch.Tokens, batch.Length);
        // A short batch may come out without a mask: its loss is zero, but reaches every parameter but the output's.
        if (batch.Targets.Length == 0)
            return network.Hidden(tokens).sum().view(1).Times(0);
        Tensor losses = network.CrossEntropy(network.HiddenAt(tokens, batch.MaskedPositions), batch.Targets);
        if (batch.Weights is { } weights)
            return losses * Upload.Floats(weights, losses.dtype, network.Device);
        if (weighting == LossWeighting.Uniform)
            return losses;
        var probabilities = new float[batch.Targets.Length];
        for (int i = 0; i < probabilities.Length; i++)
            probabilities[i] = batch.Probabilities[batch.RowOf(i)];
        return losses / Upload.Floats(probabilities, losses.dtype, network.Device);
    }
}
