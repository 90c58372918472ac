using System.Numerics;

namespace Microsoft.ML.MaskedDiffusion.Training.Ranks;

/// <summary>Which numbers of ranks can follow the order of additions of which others.</summary>
internal static class VirtualRankCount
{
    /// <summary>Whether a group's ranks have equal branches of the tree of so many virtual ranks: a power of two of them each.</summary>
    public static bool Follows(int virtualRanks, int size) => virtualRanks % size == 0 && BitOperations.IsPow2(virtualRanks / size);
}
