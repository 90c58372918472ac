using System.Collections.Concurrent;

namespace Microsoft.ML.Tokenizers;

/// <summary>Remembers the ids of short words. Any number of threads; when full it keeps what it has.</summary>
internal sealed class WordCache
{
    private const int Capacity = 1 << 16;
    private const int MaxLength = 48;

    private readonly ConcurrentDictionary<string, int[]> _words = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private int _count;

    public WordCache() => _lookup = _words.GetAlternateLookup<ReadOnlySpan<char>>();

    public bool TryGet(ReadOnlySpan<char> word, out int[] ids) => _lookup.TryGetValue(word, out ids!);

    public void Add(ReadOnlySpan<char> word, ReadOnlySpan<int> ids)
    {
        if (word.Length <= MaxLength && Volatile.Read(ref _count) < Capacity && _words.TryAdd(word.ToString(), ids.ToArray()))
            Interlocked.Increment(ref _count);
    }
}
