using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Training.Objectives;

/// <summary>
/// Masked diffusion as the loop's objective: noises each row with its own random stream, prompts excepted, and hands it to the loss. Rows
/// of different lengths go through the network separately, because attention would see the padding of the shorter ones.
/// </summary>
/// <param name="config">The network's shape.</param>
/// <param name="noiseLevels">How a training step's levels are drawn.</param>
/// <param name="weighting">The weight of a masked token in training.</param>
/// <param name="guidanceDropout">
/// The probability that a micro batch in training has all its prompts masked, 0 to 1: the unconditional half of classifier-free guidance,
/// decided once for all of its rows as SMDM does.
/// </param>
/// <param name="gapLengths">The noise from which some rows of training are to learn the length of gaps; null for none.</param>
internal class DiffusionObjective(
    TransformerConfig config, NoiseLevels noiseLevels = NoiseLevels.Independent, LossWeighting weighting = LossWeighting.InverseNoiseLevel,
    double guidanceDropout = 0, GapLengthNoise? gapLengths = null)
    : ITrainingObjective
{
    private readonly ForwardProcess _process = new(config.MaskTokenId);
    private readonly MaskedDiffusionObjective _training = new(weighting);

    // A validation measures the bound, whatever is trained on.
    private readonly MaskedDiffusionObjective _bound = new();

    public string Name => "DiffusionObjective";

    public string? LossRemark =>
        weighting == LossWeighting.Uniform ? "uniform weights" : gapLengths is not null ? "with gaps of wrong lengths" : null;

    public int BlockLength(int contextLength) => contextLength;

    public torch.Tensor Loss(TransformerNetwork network, TokenBatch batch)
    {
        int targets = batch.TargetCount();
        return LengthGroups.Sum(Corrupt(batch), noisy => _training.Loss(network, noisy, targets));
    }

    // The draws of one validation block always use stratified noise levels: the mean of the block has less noise, and the standard error is
    // computed over blocks.
    public double[] RowLosses(TransformerNetwork network, TokenBatch batch) => LengthGroups.OfEachRow(batch, rows => _bound.RowLosses(
        network, Corrupt(batch, rows, NoiseLevels.Stratified), [.. rows.Select(row => batch.TargetCount(row))]));

    /// <summary>Noises rows of one length.</summary>
    internal NoisyBatch Corrupt(TokenBatch batch, int[] rows, NoiseLevels sampling)
    {
        (long[] tokens, bool[] kept) = NoiseDraws.Rows(batch, rows);
        int length = batch.RowLength(rows[0]);
        var levels = new float[rows.Length];
        var uniforms = new float[tokens.Length];
        for (int i = 0; i < rows.Length; i++)
            levels[i] = Draw(batch, rows[i], sampling, uniforms.AsSpan(i * length, length));
        return _process.Corrupt(tokens, length, levels, uniforms, kept);
    }

    /// <summary>Draws a row's level, which is returned, and a uniform number for each of its positions.</summary>
    protected virtual float Draw(TokenBatch batch, int row, NoiseLevels sampling, Span<float> uniforms)
    {
        CounterRandom random = batch.RandomOf(row);
        float level = NoiseDraws.Level(batch, row, sampling, random);
        foreach (ref float uniform in uniforms)
            uniform = random.NextSingle();
        return level;
    }

    /// <summary>Draws whether the micro batch is trained without its prompts.</summary>
    protected virtual bool DropsPrompts(TokenBatch batch) => NoiseDraws.DropsPrompts(batch, guidanceDropout);

    // The rows of a batch in training, those of one length together.
    private IEnumerable<NoisyBatch> Corrupt(TokenBatch batch)
    {
        bool dropsPrompts = DropsPrompts(batch);
        var resized = new GapLengthRow?[batch.Count];
        for (int row = 0; gapLengths is not null && row < resized.Length; row++)
        {
            resized[row] = gapLengths.Corrupt(
                batch.Row(row), batch.PromptLength(row), batch.RandomOf(row, RandomPurpose.GapLength));
        }
        IEnumerable<int> all = Enumerable.Range(0, batch.Count);
        IEnumerable<(NoisyBatch, int[])> noisy =
        [
            .. LengthGroups.Of(all.Where(row => resized[row] is null), batch.RowLength).Select(
                rows => (Corrupt(batch, rows, noiseLevels), rows)),
            .. LengthGroups.Of(all.Where(row => resized[row] is not null), row => resized[row]!.Tokens.Length).Select(
                rows => (Join([.. rows.Select(row => resized[row]!)], [.. rows.Select(row => batch.TargetCount(row))]), rows)),
        ];
        foreach ((NoisyBatch part, int[] rows) in noisy)
        {
            if (dropsPrompts)
                NoiseDraws.MaskPrompts(part.Tokens, part.Length, batch, rows, config.MaskTokenId);
            yield return part;
        }
    }

    // A row counts as much as its targets would.
    private NoisyBatch Join(GapLengthRow[] rows, int[] targets)
    {
        int length = rows[0].Tokens.Length;
        return new NoisyBatch
        {
            Count = rows.Length,
            Length = length,
            Tokens = [.. rows.SelectMany(row => row.Tokens)],
            Probabilities = new float[rows.Length],
            MaskedPositions = [.. rows.SelectMany((row, i) => row.Positions.Select(position => (long)i * length + position))],
            Targets = [.. rows.SelectMany(row => row.Targets)],
            Weights = [.. rows.SelectMany((row, i) => Enumerable.Repeat((float)targets[i] / row.Targets.Length, row.Targets.Length))],
        };
    }
}
