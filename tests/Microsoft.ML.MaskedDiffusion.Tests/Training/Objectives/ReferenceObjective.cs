using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// The masked diffusion loss in the plainest way: all logits, torch's own log-softmax, weights of zero where nothing is masked. Draws as
/// the library: of a row's stream first its level, then one number a position.
/// </summary>
internal sealed class ReferenceObjective(TransformerConfig config) : ITrainingObjective
{
    public string Name => "reference";

    public int BlockLength(int contextLength) => contextLength;

    public torch.Tensor Loss(TransformerNetwork network, TokenBatch batch) => RowLossesWithGraph(network, batch).mean();

    public double[] RowLosses(TransformerNetwork network, TokenBatch batch)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        return [.. TensorMemory.FloatSpan(RowLossesWithGraph(network, batch)).ToArray().Select(loss => (double)loss)];
    }

    private torch.Tensor RowLossesWithGraph(TransformerNetwork network, TokenBatch batch)
    {
        long[] tokens = [.. Enumerable.Range(0, batch.Count).SelectMany(row => batch.Row(row).ToArray())], noisy = [.. tokens];
        var weights = new float[tokens.Length];
        for (int row = 0; row < batch.Count; row++)
        {
            CounterRandom random = batch.RandomOf(row);
            float probability = (float)(1 - 1e-3) * random.NextSingle() + 1e-3f;
            for (int i = row * batch.Length; i < (row + 1) * batch.Length; i++)
            {
                if (random.NextSingle() >= probability)
                    continue;
                noisy[i] = config.MaskTokenId;
                weights[i] = 1 / probability;
            }
        }
        using var scope = torch.NewDisposeScope();
        long[] shape = [batch.Count, batch.Length];
        torch.Tensor hidden = network.Hidden(new TokenRows(noisy, batch.Length));
        torch.Tensor logits = torch.nn.functional.linear(hidden, network.Parameters[TransformerNetwork.HeadName]);
        torch.Tensor losses = torch.nn.functional.log_softmax(logits, -1).gather(2, torch.tensor(tokens, shape).unsqueeze(2)).squeeze(
            2).neg();
        return (losses * torch.tensor(weights, shape)).mean([1]).MoveToOuterDisposeScope();
    }
}
