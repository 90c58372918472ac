namespace Microsoft.ML.MaskedDiffusion.Corpora;

/// <summary>The token ids of a corpus, one after the other, in memory or in files.</summary>
internal interface ITokens
{
    /// <summary>The number of ids.</summary>
    long Count { get; }

    /// <summary>A text that tells these ids from others without reading them; null if they must be read for that.</summary>
    string? Identity => null;

    /// <summary>Copies the ids from <paramref name="start"/> on; <paramref name="destination"/> is filled completely.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many ids.</exception>
    void CopyTo(long start, Span<long> destination);
}

/// <summary>Takes token ids, one after the other.</summary>
internal interface ITokenSink
{
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    void Append(ReadOnlySpan<int> ids);
}

/// <summary>
/// A growing list of token ids in memory: 2 bytes an id (4 bytes if the vocabulary has more than 65,536), in chunks of a million ids. Not
/// thread-safe while it grows.
/// </summary>
internal sealed class TokenStorage : ChunkedTokens, ITokenSink
{
    private const int ChunkBits = 20, ChunkSize = 1 << ChunkBits;

    private readonly List<ushort[]>? _narrow;
    private readonly List<int[]>? _wide;
    private long _count;

    public TokenStorage(int vocabularySize)
    {
        VocabularySize = vocabularySize;
        if (vocabularySize <= ushort.MaxValue + 1)
            _narrow = [];
        else
            _wide = [];
    }

    /// <summary>Every id is below this number.</summary>
    public int VocabularySize { get; }

    public override long Count => _count;

    protected override long ChunkLength => ChunkSize;

    public void Append(ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
            Append(id);
    }

    private void Append(int id)
    {
        if ((uint)id >= (uint)VocabularySize)
        {
            throw new ArgumentOutOfRangeException(nameof(id), id,
                $"A token id must be in 0..{VocabularySize - 1}; does the tokenizer fit the vocabulary size {VocabularySize}?");
        }
        int chunk = checked((int)(_count >> ChunkBits));
        int offset = (int)(_count & (ChunkSize - 1));
        if (_narrow is not null)
        {
            if (chunk == _narrow.Count)
                _narrow.Add(new ushort[ChunkSize]);
            _narrow[chunk][offset] = (ushort)id;
        }
        else
        {
            if (chunk == _wide!.Count)
                _wide.Add(new int[ChunkSize]);
            _wide[chunk][offset] = id;
        }
        _count++;
    }

    protected override void CopyFrom(int chunk, long offset, Span<long> destination)
    {
        if (_narrow is not null)
            Widen(_narrow[chunk].AsSpan((int)offset, destination.Length), destination);
        else
            Widen(_wide![chunk].AsSpan((int)offset, destination.Length), destination);
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
