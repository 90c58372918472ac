using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics;
using TorchSharp;
using TorchSharp.Utils;

namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>Next-token prediction as the loop's objective: each id of a block predicted from those before it, the mean cross-entropy over all of them. Draws nothing.</summary>
internal sealed class AutoregressiveObjective : ITrainingObjective
{
    public int SourceOnlyIds => 1;

    public int BlockLength(int contextLength) => contextLength + SourceOnlyIds;

    public torch.Tensor Loss(TransformerNetwork network, TokenBatch batch)
    {
        using var scope = torch.NewDisposeScope();
        return Losses(network, batch).mean().MoveToOuterDisposeScope();
    }

    public double[] RowLosses(TransformerNetwork network, TokenBatch batch)
    {
        using var scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        using TensorAccessor<double> losses = Losses(network, batch).to(torch.ScalarType.Float64, torch.CPU).data<double>();
        return [.. losses.ToArray().Chunk(batch.Length - SourceOnlyIds).Select(row => row.Average())];
    }

    // The cross-entropy of every target, [rows * (length - 1)].
    private torch.Tensor Losses(TransformerNetwork network, TokenBatch batch)
    {
        int length = batch.Length - SourceOnlyIds;
        long[] sources = new long[batch.Count * length], targets = new long[sources.Length];
        for (int row = 0; row < batch.Count; row++)
        {
            batch.Row(row)[..length].CopyTo(sources.AsSpan(row * length));
            batch.Row(row)[SourceOnlyIds..].CopyTo(targets.AsSpan(row * length));
        }
        torch.Tensor hidden = network.Hidden(torch.tensor(sources, [batch.Count, length], device: network.Device)).view(sources.Length, network.Config.EmbeddingSize);
        return Fused.CrossEntropy(network.Logits(hidden), torch.tensor(targets, device: network.Device));
    }
}
