namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Thrown on the ranks of a <see cref="IProcessGroup"/> that cannot go on because another rank cannot; that one throws its own error.
/// </summary>
public sealed class RankFailedException : InvalidOperationException
{
    internal RankFailedException(int rank, int size, string reason)
        : base($"Rank {rank} of {size} (from 0) cannot go on: {reason}") => Rank = rank;

    /// <summary>The rank that failed, from 0.</summary>
    public int Rank { get; }
}
