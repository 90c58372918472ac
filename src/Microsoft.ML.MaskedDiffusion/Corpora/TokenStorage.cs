namespace Microsoft.ML.MaskedDiffusion.Corpora;

/// <summary>
/// A growing list of token ids in 2 bytes each (4 above 65,536 ids), in chunks of a million: memory is that many bytes a token plus at most
/// one chunk.
/// </summary>
internal sealed class TokenStorage : ITokens, ITokenSink
{
    private const int ChunkBits = 20;
    private const int ChunkLength = 1 << ChunkBits;

    private readonly List<ushort[]>? _narrow;
    private readonly List<int[]>? _wide;

    public TokenStorage(int vocabularySize)
    {
        VocabularySize = vocabularySize;
        if (vocabularySize <= ushort.MaxValue + 1)
            _narrow = [];
        else
            _wide = [];
    }

    public int VocabularySize { get; }

    public long Count { get; private set; }

    /// <summary>Bytes held by the chunks.</summary>
    public long AllocatedBytes =>
        (_narrow?.Count ?? 0) * (long)ChunkLength * sizeof(ushort) + (_wide?.Count ?? 0) * (long)ChunkLength * sizeof(int);

    public void Append(ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
            Append(id);
    }

    private void Append(int id)
    {
        if ((uint)id >= (uint)VocabularySize)
            throw new ArgumentOutOfRangeException(nameof(
                id), id, $"A token id must lie in 0..{VocabularySize - 1}; does the tokenizer fit the vocabulary size {VocabularySize}?");
        int chunk = checked((int)(Count >> ChunkBits));
        int offset = (int)(Count & (ChunkLength - 1));
        if (_narrow is not null)
        {
            if (chunk == _narrow.Count)
                _narrow.Add(new ushort[ChunkLength]);
            _narrow[chunk][offset] = (ushort)id;
        }
        else
        {
            if (chunk == _wide!.Count)
                _wide.Add(new int[ChunkLength]);
            _wide[chunk][offset] = id;
        }
        Count++;
    }

    public void CopyTo(long start, Span<long> destination)
    {
        if (start < 0 || start + destination.Length > Count)
            throw new ArgumentOutOfRangeException(
                nameof(start), start, $"The range of {destination.Length} ids leaves the {Count} stored.");
        while (!destination.IsEmpty)
        {
            int chunk = (int)(start >> ChunkBits);
            int offset = (int)(start & (ChunkLength - 1));
            int count = Math.Min(destination.Length, ChunkLength - offset);
            if (_narrow is not null)
                Widen(_narrow[chunk].AsSpan(offset, count), destination);
            else
                Widen(_wide![chunk].AsSpan(offset, count), destination);
            destination = destination[count..];
            start += count;
        }
    }

    private static void Widen(ReadOnlySpan<ushort> source, Span<long> destination)
    {
        for (int i = 0; i < source.Length; i++)
            destination[i] = source[i];
    }

    private static void Widen(ReadOnlySpan<int> source, Span<long> destination)
    {
        for (int i = 0; i < source.Length; i++)
            destination[i] = source[i];
    }
}
