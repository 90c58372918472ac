namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>
/// A packed corpus cut into blocks. Tokens at the end that do not fill a block are not dropped: the last block is filled up with the first
/// tokens of the corpus, which begin a document. <see cref="RepeatedTokenCount"/> says how many tokens are therefore in two blocks (or
/// several times in one, if the corpus is shorter than a block).
/// </summary>
internal sealed class PackedBlocks : ITokenBlocks
{
    private readonly ITokens _tokens;

    public PackedBlocks(ITokens tokens, int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        if (tokens.Count == 0)
            throw new ArgumentException("There are no tokens to cut into blocks.", nameof(tokens));
        _tokens = tokens;
        Length = length;
        Count = checked((int)((tokens.Count + length - 1) / length));
    }

    public int Count { get; }

    public int Length { get; }

    public long TokenCount => _tokens.Count;

    public string? Identity => _tokens.Identity is { } identity ? $"{Count} blocks of {Length} of {identity}" : null;

    public long RepeatedTokenCount => (long)Count * Length - TokenCount;

    public void Read(int index, Span<long> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        destination = destination[..Length];
        long start = (long)index * Length;
        while (!destination.IsEmpty)
        {
            int count = (int)Math.Min(destination.Length, TokenCount - start);
            _tokens.CopyTo(start, destination[..count]);
            destination = destination[count..];
            start = 0;
        }
    }
}
