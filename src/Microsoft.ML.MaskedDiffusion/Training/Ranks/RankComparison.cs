using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.ProcessGroups;
using Microsoft.ML.MaskedDiffusion.Training.Adapters;

namespace Microsoft.ML.MaskedDiffusion.Training.Ranks;

/// <summary>Finds ranks that do not do the same as the first one.</summary>
internal static class RankComparison
{
    /// <summary>Compares the runs that ranks are about to begin, together with what computes them.</summary>
    /// <param name="group">The ranks.</param>
    /// <param name="run">What has to be the same, by name.</param>
    /// <exception cref="InvalidOperationException">
    /// A rank has other options, other data, another library or another kind of processor; the message names the ranks and the differences.
    /// </exception>
    public static void RequireSameRun(IProcessGroup group, IReadOnlyDictionary<string, string> run)
    {
        // Kernels give other bits with other vectors, and weights of ranks would drift apart.
        group.RequireSame([.. run, new("Processor's vectors", Vectors())]);
    }

    /// <summary>Compares the weights of the ranks, which are the same bits as long as all have computed the same updates.</summary>
    /// <exception cref="InvalidOperationException">They differ.</exception>
    public static void RequireSameWeights(IProcessGroup group, ITrainableWeights trained, long step)
    {
        if (group.Size == 1)
            return;
        string[] all = group.Gather(() => SafetensorsWriter.HashOf(trained.Parameters));
        int other = Array.FindIndex(all, hash => hash != all[0]);
        if (other < 0)
            return;
        throw new InvalidOperationException($"After step {step} rank {other} has other weights than rank 0: its processor or device "
            + "computes otherwise. Use machines of one kind, with the same number of threads for each rank.");
    }

    private static string Vectors() =>
        Vector512.IsHardwareAccelerated ? "512 bits" : Vector256.IsHardwareAccelerated ? "256 bits" : "128 bits";
}
