using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Training.Objectives;

/// <summary>
/// Block diffusion as the loop's objective (Arriola et al., "Block Diffusion", 2025, eq. 8 and section 3.2): each block of a row has a
/// noise level of its own, and is predicted from what is left of it and from the clean blocks before it. The network reads a row twice,
/// clean and noised, so that one pass learns all blocks. A row's noise comes from its own stream: first a level for each block, then a
/// number for each position.
/// </summary>
/// <param name="config">The network's shape, with the size of its blocks.</param>
/// <param name="noiseLevels">How a training step's levels are drawn.</param>
/// <param name="weighting">The weight of a masked token in training.</param>
/// <param name="guidanceDropout">The probability that a micro batch in training has all its prompts masked, 0 to 1.</param>
internal sealed class BlockDiffusionObjective(
    TransformerConfig config, NoiseLevels noiseLevels = NoiseLevels.Independent, LossWeighting weighting = LossWeighting.InverseNoiseLevel,
    double guidanceDropout = 0) : ITrainingObjective
{
    private readonly MaskedDiffusionObjective _weighted = new();
    private readonly int _size = config.AttentionBlockSize!.Value;
    private AttentionPattern? _pattern;

    public string Name => "BlockDiffusionObjective";

    public string? LossRemark => weighting == LossWeighting.Uniform ? "uniform weights" : null;

    public int BlockLength(int contextLength) => contextLength;

    public torch.Tensor Loss(TransformerNetwork network, TokenBatch batch)
    {
        int targets = batch.TargetCount();
        bool dropsPrompts = NoiseDraws.DropsPrompts(batch, guidanceDropout);
        return LengthGroups.Sum(LengthGroups.Of(batch), rows =>
        {
            NoisyBatch noisy = Corrupt(batch, rows, noiseLevels, weighting, dropsPrompts);
            return Paired(network, noisy, () => _weighted.Loss(network, noisy, targets));
        });
    }

    // A validation measures the bound, whatever is trained on, with stratified levels.
    public double[] RowLosses(TransformerNetwork network, TokenBatch batch) => LengthGroups.OfEachRow(batch, rows =>
    {
        NoisyBatch noisy = Corrupt(batch, rows, NoiseLevels.Stratified, LossWeighting.InverseNoiseLevel, dropsPrompts: false);
        int[] targets = [.. rows.Select(row => batch.TargetCount(row))];
        return Paired(network, noisy, () => _weighted.RowLosses(network, noisy, targets));
    });

    /// <summary>Noises rows of one length: each stands in the result clean, and behind that noised.</summary>
    internal NoisyBatch Corrupt(TokenBatch batch, int[] rows, NoiseLevels sampling, LossWeighting weights, bool dropsPrompts)
    {
        (long[] clean, bool[] kept) = NoiseDraws.Rows(batch, rows);
        int length = batch.RowLength(rows[0]), blocks = (length + _size - 1) / _size;
        if (dropsPrompts)
            NoiseDraws.MaskPrompts(clean, length, batch, rows, config.MaskTokenId);
        var tokens = new long[2 * clean.Length];
        List<long> positions = [], targets = [];
        List<float> each = [];
        for (int i = 0; i < rows.Length; i++)
        {
            CounterRandom random = batch.RandomOf(rows[i]);
            float[] levels = NoiseDraws.Levels(batch, rows[i], blocks, sampling, random);
            int first = i * length, noised = 2 * first + length;
            clean.AsSpan(first, length).CopyTo(tokens.AsSpan(2 * first));
            clean.AsSpan(first, length).CopyTo(tokens.AsSpan(noised));
            for (int position = 0; position < length; position++)
            {
                float probability = ForwardProcess.Probability(levels[position / _size]);
                if (!(random.NextSingle() < probability) || kept[first + position])
                    continue;
                tokens[noised + position] = config.MaskTokenId;
                positions.Add(noised + position);
                targets.Add(clean[first + position]);
                each.Add(weights == LossWeighting.Uniform ? 1 : 1 / probability);
            }
        }
        return new NoisyBatch
        {
            Count = rows.Length,
            Length = 2 * length,
            Tokens = tokens,
            Probabilities = new float[rows.Length],
            MaskedPositions = [.. positions],
            Targets = [.. targets],
            Weights = [.. each],
        };
    }

    // Runs a pass on rows that hold a text twice. Most trainings have rows of one length, and so one pattern.
    private T Paired<T>(TransformerNetwork network, NoisyBatch rows, Func<T> pass)
    {
        int text = rows.Length / 2;
        if (_pattern?.TextLength != text)
            _pattern = AttentionPattern.Paired(text, _size);
        return network.WithAttention(_pattern, pass);
    }
}
