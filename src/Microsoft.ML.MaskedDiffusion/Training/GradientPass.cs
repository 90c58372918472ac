using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Training.Adapters;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using Microsoft.ML.MaskedDiffusion.Training.Ranks;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>
/// The gradients of a step: fills its micro batches with blocks, or this rank's share of them, and runs them forward and backward.
/// Everything random follows from the seed and the step.
/// </summary>
internal sealed class GradientPass : IDisposable
{
    private readonly TransformerNetwork _network;
    private readonly ITrainableWeights _trained;
    private readonly ITrainingObjective _objective;
    private readonly ITokenBlocks _blocks;
    private readonly TrainingSettings _settings;
    private readonly SequenceLengths _lengths;
    private readonly TokenBatch _batch;
    private readonly IBlockOrder _order;
    private readonly GradientSum _sum;
    private readonly LossMeter _meter;
    private readonly GroupClock? _clock;

    /// <param name="network">The network.</param>
    /// <param name="trained">What of it is trained.</param>
    /// <param name="objective">The loss.</param>
    /// <param name="blocks">The training data.</param>
    /// <param name="settings">The batch, and the ranks that share it.</param>
    /// <param name="lengths">The lengths of micro batches; null for those of the settings.</param>
    /// <param name="meter">Takes the losses where they stay on the device.</param>
    /// <param name="clock">The time that ranks agree on; null where there are none.</param>
    public GradientPass(TransformerNetwork network, ITrainableWeights trained, ITrainingObjective objective, ITokenBlocks blocks,
        TrainingSettings settings, SequenceLengths? lengths, LossMeter meter, GroupClock? clock)
    {
        (_network, _trained, _objective, _blocks, _settings, _meter, _clock) =
            (network, trained, objective, blocks, settings, meter, clock);
        _lengths = lengths ?? new SequenceLengths(settings.StochasticLengthRatio, blocks.Length, (ulong)settings.Seed);
        _batch = new TokenBatch(settings.MicroBatchSize, blocks.Length, settings.BatchSize, (ulong)settings.Seed, RandomPurpose.Mask);
        _order = blocks.Order((ulong)settings.Seed);
        _sum = new GradientSum(settings.Group, settings.VirtualRanks, trained);
    }

    /// <summary>Computes this rank's micro batches of a step; the weights then have the sum of their gradients.</summary>
    /// <param name="step">The step, counted from 0.</param>
    /// <param name="cancellationToken">Ends the pass between micro batches; what it has summed up is then of no use.</param>
    public StepPart Run(long step, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        long tokens = 0;
        double[]? shares = Shares(step);
        _sum.Begin();
        int count = _settings.Accumulation / _settings.VirtualRanks;
        var losses = new List<long>();
        for (int part = 0; part < _sum.Count; part++)
        {
            for (int i = 0; i < count; i++)
            {
                if (part + i > 0)
                    cancellationToken.ThrowIfCancellationRequested();
                int micro = (_sum.First + part) * count + i;
                FillBatch(step * _settings.Accumulation + micro);
                using var scope = torch.NewDisposeScope();
                torch.Tensor loss = _objective.Loss(_network, _batch);
                // Reports are means over micro batches, so each loss counts by its share there too.
                if (shares is not null)
                    loss = loss.Times(shares[micro] * _settings.Accumulation);
                _network.Backward(_settings.Accumulation == 1 ? loss : loss.Over(_settings.Accumulation));
                if (_meter.IsHost)
                    losses.Add(BitConverter.DoubleToInt64Bits(loss.ToDouble()));
                else
                    _meter.Add(loss);
                for (int row = 0; row < _batch.Count; row++)
                    tokens += _batch.RowLength(row) - _objective.SourceOnlyIds;
            }
            _trained.GatherGradients();
            if (!_sum.Add())
                _network.ZeroGradients();
        }
        return new StepPart([.. losses], tokens, _sum.Missing(), _clock?.Own ?? 0);
    }

    /// <summary>Gives the weights the sums over all ranks.</summary>
    /// <param name="parts">What each rank has done.</param>
    public void Exchange(IReadOnlyList<StepPart> parts) => _sum.Exchange([.. parts.Select(part => part.Missing)]);

    public void Dispose() => _sum.Dispose();

    // The share that each micro batch has in the learned tokens of the step; null where all count the same.
    private double[]? Shares(long step)
    {
        if (_settings.LossDivisor == LossDivisor.MicroBatch || _settings.Accumulation == 1)
            return null;
        var targets = new double[_settings.Accumulation];
        for (int micro = 0; micro < targets.Length; micro++)
        {
            FillBatch(step * _settings.Accumulation + micro);
            targets[micro] = _objective.LearnedTokens(_batch);
        }
        double sum = targets.Sum();
        return [.. targets.Select(count => count / sum)];
    }

    private void FillBatch(long microBatch)
    {
        long firstSequence = microBatch * _settings.MicroBatchSize;
        int length = _lengths[microBatch];
        if (_blocks.PadsToLongest)
        {
            length = 0;
            for (int row = 0; row < _batch.Capacity; row++)
                length = Math.Max(length, _blocks.Extent(_order[firstSequence + row]).Length);
        }
        _batch.Clear(length);
        for (int row = 0; row < _batch.Capacity; row++)
            _batch.Add(_blocks, _order[firstSequence + row], (ulong)(firstSequence + row));
    }
}

/// <summary>What a rank has done for a step.</summary>
/// <param name="Losses">The bits of its losses, which may be no numbers; none where they stay on the device.</param>
/// <param name="Tokens">The tokens that it has trained on.</param>
/// <param name="Missing">The numbers of the weights that have no gradient.</param>
/// <param name="Time">When it was done.</param>
internal sealed record StepPart(long[] Losses, long Tokens, int[] Missing, long Time);
