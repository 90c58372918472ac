using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using TorchSharp;
using TorchSharp.Utils;

namespace Microsoft.ML.MaskedDiffusion.Training.Objectives;

/// <summary>
/// Diffusion with hybrid noise as the loop's objective (<see cref="HybridProcess"/>): mask tokens and wrong tokens, prompts excepted. All
/// positions behind the prompt are learned, because the network has to tell right tokens from wrong ones. A row's noise comes from its own
/// stream: first its level, then a number for each position.
/// </summary>
/// <param name="config">The network's shape, with the share of uniform noise.</param>
/// <param name="noiseLevels">How a training step's levels are drawn.</param>
/// <param name="weighting">What the positions weigh in training.</param>
/// <param name="guidanceDropout">The probability that a micro batch in training has all its prompts masked, 0 to 1.</param>
internal sealed class HybridObjective(
    TransformerConfig config, NoiseLevels noiseLevels = NoiseLevels.Independent, LossWeighting weighting = LossWeighting.InverseNoiseLevel,
    double guidanceDropout = 0) : ITrainingObjective
{
    // Levels have 24 bits. The middle between two of them is neither 0 nor 1.
    private const double HalfStep = 1.0 / (1 << 25);

    private readonly HybridProcess _process = new(config, config.UniformShare);

    public string Name => "HybridObjective";

    public string? LossRemark => weighting switch
    {
        LossWeighting.Dynamic => "dynamic weights",
        LossWeighting.Clipped => "clipped weights",
        _ => null,
    };

    public int BlockLength(int contextLength) => contextLength;

    public torch.Tensor Loss(TransformerNetwork network, TokenBatch batch)
    {
        int targets = batch.TargetCount();
        bool dropsPrompts = NoiseDraws.DropsPrompts(batch, guidanceDropout);
        return LengthGroups.Sum(LengthGroups.Of(batch), rows =>
        {
            HybridBatch noisy = Corrupt(batch, rows, noiseLevels, _process.LevelInTraining);
            if (dropsPrompts)
                NoiseDraws.MaskPrompts(noisy.Tokens, noisy.Length, batch, rows, config.MaskTokenId);
            return Losses(network, noisy, weighting).sum().Over(targets);
        });
    }

    // A validation measures the bound, whatever is trained on, with stratified levels as for masks alone.
    public double[] RowLosses(TransformerNetwork network, TokenBatch batch)
    {
        using var scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        var losses = new double[batch.Count];
        foreach (int[] rows in LengthGroups.Of(batch))
        {
            HybridBatch noisy = Corrupt(batch, rows, NoiseLevels.Stratified, _process.LevelInMeasurement);
            torch.Tensor each = Losses(network, noisy, LossWeighting.InverseNoiseLevel).to(torch.ScalarType.Float64, torch.CPU);
            using TensorAccessor<double> accessor = each.data<double>();
            double[] values = accessor.ToArray();
            for (int i = 0; i < noisy.Positions.Length; i++)
                losses[rows[noisy.RowOf(i)]] += values[i] / batch.TargetCount(rows[noisy.RowOf(i)]);
        }
        return losses;
    }

    /// <summary>Noises rows of one length.</summary>
    internal HybridBatch Corrupt(TokenBatch batch, int[] rows, NoiseLevels sampling, Func<double, HybridLevel> levelOf)
    {
        (long[] tokens, bool[] kept) = NoiseDraws.Rows(batch, rows);
        int length = batch.RowLength(rows[0]);
        var levels = new HybridLevel[rows.Length];
        var uniforms = new double[tokens.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            CounterRandom random = batch.RandomOf(rows[i]);
            levels[i] = levelOf(NoiseDraws.Level(batch, rows[i], sampling, random) + HalfStep);
            foreach (ref double uniform in uniforms.AsSpan(i * length, length))
                uniform = random.NextDouble();
        }
        return _process.Corrupt(tokens, length, levels, uniforms, kept);
    }

    // The loss of every position that is learned, [positions].
    private torch.Tensor Losses(TransformerNetwork network, HybridBatch batch, LossWeighting weights)
    {
        var tokens = new TokenRows(batch.Tokens, batch.Length);
        // A batch of prompts alone has a loss of zero, which still reaches every parameter but the output layer's.
        if (batch.Positions.Length == 0)
            return network.Hidden(tokens).sum().view(1).Times(0);
        return network.HybridLoss(network.HiddenAt(tokens, batch.Positions), _process.Terms(batch, weights));
    }
}
