namespace Microsoft.ML.MaskedDiffusion.Corpora;

/// <summary>Token ids that lie in chunks of one length, the last of which may be shorter.</summary>
internal abstract class ChunkedTokens : ITokens
{
    public abstract long Count { get; }

    public virtual string? Identity => null;

    /// <summary>The number of ids in a chunk that is whole.</summary>
    protected abstract long ChunkLength { get; }

    public void CopyTo(long start, Span<long> destination)
    {
        if (start < 0 || start + destination.Length > Count)
        {
            throw new ArgumentOutOfRangeException(
                nameof(start), start, $"A range of {destination.Length} ids from here does not lie within the {Count} ids.");
        }
        while (!destination.IsEmpty)
        {
            (long chunk, long offset) = Math.DivRem(start, ChunkLength);
            int count = (int)Math.Min(destination.Length, ChunkLength - offset);
            CopyFrom((int)chunk, offset, destination[..count]);
            destination = destination[count..];
            start += count;
        }
    }

    /// <summary>Copies ids that lie in one chunk.</summary>
    protected abstract void CopyFrom(int chunk, long offset, Span<long> destination);
}
