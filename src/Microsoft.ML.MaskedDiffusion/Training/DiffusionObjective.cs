using Microsoft.ML.MaskedDiffusion.Diffusion;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>Masked diffusion as the loop's objective: noises each row with its own random stream and hands it to the loss.</summary>
internal sealed class DiffusionObjective(TransformerConfig config, NoiseLevels noiseLevels = NoiseLevels.Independent, LossWeighting weighting = LossWeighting.InverseNoiseLevel)
    : ITrainingObjective
{
    private readonly ForwardProcess _process = new(config.MaskTokenId);
    private readonly MaskedDiffusionObjective _training = new(weighting);

    // A validation measures the bound, whatever is trained on.
    private readonly MaskedDiffusionObjective _bound = new();

    public int BlockLength(int contextLength) => contextLength;

    public torch.Tensor Loss(TransformerNetwork network, TokenBatch batch) => _training.Loss(network, Corrupt(batch, noiseLevels));

    // The draws of one block always share a comb of levels: its mean has less noise, and the error is taken between blocks.
    public double[] RowLosses(TransformerNetwork network, TokenBatch batch) => _bound.RowLosses(network, Corrupt(batch, NoiseLevels.Stratified));

    internal NoisyBatch Corrupt(TokenBatch batch, NoiseLevels sampling)
    {
        var levels = new float[batch.Count];
        var uniforms = new float[batch.Count * batch.Length];
        for (int row = 0; row < batch.Count; row++)
        {
            CounterRandom random = batch.RandomOf(row);
            levels[row] = random.NextSingle();
            if (sampling == NoiseLevels.Stratified)
            {
                // The comb spans the whole step, not the micro batch, which must not matter.
                (CounterRandom group, int place) = batch.GroupOf(row);
                levels[row] = (group.NextSingle() + (float)place / batch.GroupSize) % 1f;
            }
            foreach (ref float uniform in uniforms.AsSpan(row * batch.Length, batch.Length))
                uniform = random.NextSingle();
        }
        return _process.Corrupt(batch.Tokens, batch.Length, levels, uniforms);
    }
}
