using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.ProcessGroups;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using Microsoft.ML.MaskedDiffusion.Training.Ranks;

namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>
/// The loss on a fixed, evenly spaced set of blocks with fixed noise draws: two validations differ by the weights alone. The random stream
/// of a value is keyed by (seed, block, draw), so the batch size does not matter.
/// </summary>
internal sealed class ValidationPass
{
    private readonly ITokenBlocks _blocks;
    private readonly ITrainingObjective _objective;
    private readonly TokenBatch _batch;
    private readonly int _samples;
    private readonly IProcessGroup _group;
    private readonly GroupClock? _clock;

    /// <param name="blocks">What is measured.</param>
    /// <param name="objective">The loss.</param>
    /// <param name="settings">How much is measured, on which ranks.</param>
    /// <param name="clock">Agrees on the time with the other ranks; null where there are none.</param>
    public ValidationPass(ITokenBlocks blocks, ITrainingObjective objective, TrainingSettings settings, GroupClock? clock = null)
    {
        _blocks = blocks;
        _objective = objective;
        _samples = settings.ValidationSamples;
        (_group, _clock) = (settings.Group, clock);
        BlockCount = Math.Min(blocks.Count, settings.MaxValidationBlocks);
        _batch = new TokenBatch(settings.MicroBatchSize, blocks.Length, _samples, (ulong)settings.Seed, RandomPurpose.Validation);
    }

    /// <summary>Blocks that are measured, each with several draws.</summary>
    public int BlockCount { get; }

    /// <summary>Mean loss in nats per token and its standard error, NaN where there is one value only.</summary>
    public (double Loss, double StandardError) Run(TransformerNetwork network, CancellationToken cancellationToken)
    {
        long values = (long)BlockCount * _samples;
        RankPart[] parts = _group.Gather(() => Measure(network, (int)(values * _group.Rank / _group.Size),
            (int)(values * (_group.Rank + 1) / _group.Size), cancellationToken));
        _clock?.Agree(parts[0].Time);
        double[] losses = [.. parts.SelectMany(part => part.Losses).Select(BitConverter.Int64BitsToDouble)];
        return MeanAndError(losses, [.. parts.SelectMany(part => part.Targets).Select(count => (double)count)], _samples);
    }

    // The values of one rank: the groups of draws are cut anywhere, because a value does not depend on what is measured with it.
    private RankPart Measure(TransformerNetwork network, int first, int end, CancellationToken cancellationToken)
    {
        var losses = new long[end - first];
        var targets = new int[losses.Length];
        int done = 0;
        while (done < losses.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _batch.Clear();
            while (_batch.Count < _batch.Capacity && done + _batch.Count < losses.Length)
            {
                int value = first + done + _batch.Count;
                int block = (int)((long)(value / _samples) * _blocks.Count / BlockCount);
                _batch.Add(_blocks, block, (ulong)((long)block * _samples + value % _samples));
            }
            double[] measured = _objective.RowLosses(network, _batch);
            for (int row = 0; row < _batch.Count; row++)
            {
                losses[done + row] = BitConverter.DoubleToInt64Bits(measured[row]);
                targets[done + row] = _batch.TargetCount(row, _objective.SourceOnlyIds);
            }
            done += _batch.Count;
        }
        return new RankPart(losses, targets, _clock?.Own ?? 0);
    }

    /// <summary>
    /// The mean per token: each value is itself a mean and is weighted by its number of tokens. All draws of a block share its text, so the
    /// standard error is computed over the means of the blocks; if there is only one block, over its draws.
    /// </summary>
    internal static (double Mean, double StandardError) MeanAndError(double[] values, double[] tokens, int samplesPerBlock)
    {
        int size = values.Length == samplesPerBlock ? 1 : samplesPerBlock;
        double[] means = [.. values.Chunk(size).Select(chunk => chunk.Average())], weights = [.. tokens.Where((_, i) => i % size == 0)];
        double weight = weights.Average();
        double mean = means.Zip(weights, (value, tokens) => value * tokens).Sum() / (weight * means.Length);
        // The error of a ratio of two sums, to first order. With equal weights it is the error of a mean.
        double variance = means.Zip(weights, (value, tokens) => Math.Pow((value - mean) * tokens / weight, 2)).Sum() / (means.Length - 1);
        return (mean, Math.Sqrt(variance / means.Length));
    }

    /// <summary>What a rank has measured.</summary>
    /// <param name="Losses">The bits of its values, which may be no numbers.</param>
    /// <param name="Targets">The tokens of each.</param>
    /// <param name="Time">When.</param>
    private sealed record RankPart(long[] Losses, int[] Targets, long Time);
}
