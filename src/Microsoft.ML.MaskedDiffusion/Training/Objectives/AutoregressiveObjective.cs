using Microsoft.ML.MaskedDiffusion.Modeling;
using TorchSharp;
using TorchSharp.Utils;

namespace Microsoft.ML.MaskedDiffusion.Training.Objectives;

/// <summary>
/// Next-token prediction as the loop's objective: each id of a row behind its prompt predicted from those before it, the mean cross-entropy
/// over all of them. It draws no random numbers. Rows of different lengths go through the network together, because causal attention never
/// sees the padding after a row.
/// </summary>
internal sealed class AutoregressiveObjective : ITrainingObjective
{
    public string Name => "AutoregressiveObjective";

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
        using TensorAccessor<double> accessor = Losses(network, batch).to(torch.ScalarType.Float64, torch.CPU).data<double>();
        double[] losses = accessor.ToArray(), rows = new double[batch.Count];
        for (int row = 0, first = 0; row < rows.Length; row++)
        {
            int count = batch.TargetCount(row, SourceOnlyIds);
            rows[row] = losses.AsSpan(first, count).ToArray().Average();
            first += count;
        }
        return rows;
    }

    // The cross-entropy of every target, row after row.
    private torch.Tensor Losses(TransformerNetwork network, TokenBatch batch)
    {
        int length = Enumerable.Range(0, batch.Count).Max(batch.RowLength) - SourceOnlyIds;
        long[] sources = new long[batch.Count * length];
        List<long> positions = [], targets = [];
        for (int row = 0; row < batch.Count; row++)
        {
            ReadOnlySpan<long> ids = batch.Row(row);
            ids[..^SourceOnlyIds].CopyTo(sources.AsSpan(row * length));
            for (int i = Math.Max(batch.PromptLength(row), SourceOnlyIds); i < ids.Length; i++)
            {
                positions.Add(row * length + i - SourceOnlyIds);
                targets.Add(ids[i]);
            }
        }
        var tokens = new TokenRows(sources, length);
        torch.Tensor hidden = positions.Count < sources.Length
            ? network.HiddenAt(tokens, [.. positions])
            : network.Hidden(tokens).view(sources.Length, network.Config.EmbeddingSize);
        return network.CrossEntropy(hidden, [.. targets]);
    }
}
