using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Training.Objectives;

/// <summary>Rows of one length together, as they go through the network: attention would see the padding of the shorter ones.</summary>
internal static class LengthGroups
{
    /// <summary>The rows of a batch, those of one length together.</summary>
    public static IEnumerable<int[]> Of(TokenBatch batch) => Of(Enumerable.Range(0, batch.Count), batch.RowLength);

    /// <summary>Rows, those of one length together.</summary>
    public static IEnumerable<int[]> Of(IEnumerable<int> rows, Func<int, int> length) =>
        rows.GroupBy(length).Select(group => group.ToArray());

    /// <summary>The sum of the groups' losses, a scalar with its graph; the caller owns the dispose scope.</summary>
    public static torch.Tensor Sum<T>(IEnumerable<T> groups, Func<T, torch.Tensor> loss)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor? sum = null;
        foreach (T group in groups)
            sum = sum is null ? loss(group) : sum.Plus(loss(group));
        return sum!.MoveToOuterDisposeScope();
    }

    /// <summary>The losses of all rows of a batch, from those of the rows of one length.</summary>
    public static double[] OfEachRow(TokenBatch batch, Func<int[], double[]> losses)
    {
        var all = new double[batch.Count];
        foreach (int[] rows in Of(batch))
        {
            double[] part = losses(rows);
            for (int i = 0; i < rows.Length; i++)
                all[rows[i]] = part[i];
        }
        return all;
    }
}
