using System.Buffers;
using System.Text;

namespace Microsoft.ML.Tokenizers;

/// <summary>Encodes one piece of text from the pre-tokenizer: symbols (UTF-8 bytes or characters), then merges. Thread-safe.</summary>
internal sealed class BpeWordEncoder
{
    private const int Missing = -1;

    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _vocabulary;
    private readonly PairMerges _merges;
    private readonly int _unknown;
    private readonly IReadOnlyDictionary<string, int>? _specialTokens;
    private readonly int[]? _bytes;
    private readonly WordCache _cache = new();

    public BpeWordEncoder(Dictionary<string, int> vocabulary, PairMerges merges, string? unknownToken, IReadOnlyDictionary<string, int>? specialTokens, bool byteLevel)
    {
        _vocabulary = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        _merges = merges;
        _unknown = unknownToken is null ? Missing : vocabulary[unknownToken];
        _specialTokens = specialTokens;
        if (!byteLevel)
            return;
        _bytes = new int[256];
        for (int value = 0; value < 256; value++)
            _bytes[value] = vocabulary.TryGetValue(ByteAlphabet.ToCharacter((byte)value).ToString(), out int id) ? id : _unknown;
    }

    /// <summary>Appends the ids of <paramref name="word"/>.</summary>
    public void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        if (_cache.TryGet(word, out int[] known))
            ids.AddRange(known);
        else
            Compute(word, ids, null);
    }

    /// <summary>Appends the ids and for each the number of the word's characters up to its end, a character begun counted.</summary>
    public void Encode(ReadOnlySpan<char> word, List<int> ids, List<int> ends) => Compute(word, ids, ends);

    private void Compute(ReadOnlySpan<char> word, List<int> ids, List<int>? ends)
    {
        if (_specialTokens is not null && _specialTokens.TryGetValue(word.ToString(), out int special))
        {
            ids.Add(special);
            ends?.Add(word.Length);
            return;
        }
        int capacity = _bytes is null ? word.Length : Encoding.UTF8.GetMaxByteCount(word.Length);
        int[] buffer = ArrayPool<int>.Shared.Rent(capacity * 2);
        Span<int> symbols = buffer.AsSpan(0, capacity), lengths = buffer.AsSpan(capacity, capacity);
        int count = _bytes is null ? Characters(word, symbols, lengths) : Bytes(word, symbols, lengths);
        count = _merges.Apply(symbols[..count], lengths[..count]);
        ids.AddRange(symbols[..count]);
        if (ends is null)
            _cache.Add(word, symbols[..count]);
        else
            AddEnds(lengths[..count], word.Length, ends);
        ArrayPool<int>.Shared.Return(buffer);
    }

    // Lengths are counted so that they sum to characters: a character's first byte carries all of its UTF-16 length.
    private int Bytes(ReadOnlySpan<char> word, Span<int> symbols, Span<int> lengths)
    {
        int count = 0;
        Span<byte> utf8 = stackalloc byte[4];
        while (!word.IsEmpty)
        {
            Rune.DecodeFromUtf16(word, out Rune rune, out int consumed);
            int written = rune.EncodeToUtf8(utf8);
            for (int i = 0; i < written; i++)
            {
                int id = _bytes![utf8[i]];
                if (id != Missing)
                    (symbols[count], lengths[count++]) = (id, i == 0 ? consumed : 0);
            }
            word = word[consumed..];
        }
        return count;
    }

    private int Characters(ReadOnlySpan<char> word, Span<int> symbols, Span<int> lengths)
    {
        int count = 0;
        while (!word.IsEmpty)
        {
            Rune.DecodeFromUtf16(word, out _, out int consumed);
            int id = _vocabulary.TryGetValue(word[..consumed], out int found) ? found : _unknown;
            // Without an unknown token a character outside the vocabulary leaves no token, as in the published class.
            if (id != Missing)
                (symbols[count], lengths[count++]) = (id, consumed);
            word = word[consumed..];
        }
        return count;
    }

    private static void AddEnds(ReadOnlySpan<int> lengths, int wordLength, List<int> ends)
    {
        int end = 0;
        foreach (int length in lengths)
            ends.Add(Math.Min(wordLength, end += length));
    }
}
