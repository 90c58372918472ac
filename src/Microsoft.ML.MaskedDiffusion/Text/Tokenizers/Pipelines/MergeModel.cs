using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>
/// Byte pairs by a list of merges, as in the Rust library: the merge that comes first in the list is done first, and of equal ones the
/// leftmost. A character that is no token is written as bytes, or as the unknown token, or left out, as the options say.
/// </summary>
internal sealed class MergeModel : ITokenModel
{
    private const int CachedLength = 64, CachedPieces = 1 << 16;

    private readonly MergeModelOptions _options;
    private readonly Dictionary<string, int> _vocabulary;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly Dictionary<ulong, (int Rank, int Id)> _merges = [];
    private readonly int[]? _bytes;
    private readonly int _unknown = -1;
    private readonly ConcurrentDictionary<string, TokenSpan[]> _cache = new(StringComparer.Ordinal);

    /// <exception cref="FormatException">A merge has a token that is not in the vocabulary, or so has the unknown token.</exception>
    public MergeModel(Dictionary<string, int> vocabulary, IReadOnlyList<(string Left, string Right)> merges, MergeModelOptions options)
    {
        _options = options;
        _vocabulary = vocabulary;
        _lookup = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        int cut = options.ContinuingPrefix.Length;
        for (int rank = 0; rank < merges.Count; rank++)
        {
            (string left, string right) = merges[rank];
            int joint = IdOf(rank, left + (right.Length >= cut ? right[cut..] : ""));
            _merges[Key(IdOf(rank, left), IdOf(rank, right))] = (rank, joint);
        }
        if (options.UnknownToken is { } unknown && !vocabulary.TryGetValue(unknown, out _unknown))
            _unknown = -1;
        if (!options.ByteFallback)
            return;
        _bytes = new int[256];
        for (int value = 0; value < 256; value++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");
            _bytes[value] = vocabulary.TryGetValue(name, out int id) ? id : -1;
        }
    }

    public IReadOnlyDictionary<string, int> Vocabulary => _vocabulary;

    public int? UnknownId => _unknown < 0 ? null : _unknown;

    public void Tokenize(string piece, List<TokenSpan> tokens)
    {
        if (piece.Length > CachedLength)
        {
            tokens.AddRange(Cut(piece));
            return;
        }
        if (!_cache.TryGetValue(piece, out TokenSpan[]? cut))
        {
            cut = Cut(piece);
            if (_cache.Count < CachedPieces)
                _cache.TryAdd(piece, cut);
        }
        tokens.AddRange(cut);
    }

    private int IdOf(int rank, string token) => _vocabulary.TryGetValue(token, out int id) ? id : throw new FormatException(
        $"its merge {rank} needs the token '{token}', which is not in the vocabulary");

    private TokenSpan[] Cut(string piece)
    {
        if (_options.IgnoreMerges && _vocabulary.TryGetValue(piece, out int whole))
            return [new TokenSpan(whole, 0, piece.Length)];
        var ids = new List<int>(piece.Length);
        var lengths = new List<int>(piece.Length);
        Start(piece, ids, lengths);
        return Merge([.. ids], [.. lengths]);
    }

    // The first symbols: one for each character that is a token. An unknown one is added when the next known one is met, so that bytes
    // between the two come before it, as in the Rust library.
    private void Start(string piece, List<int> ids, List<int> lengths)
    {
        int pending = -1;
        Span<byte> bytes = stackalloc byte[4];
        for (int at = 0, length; at < piece.Length; at += length)
        {
            length = char.IsSurrogatePair(piece, at) ? 2 : 1;
            if (TryFind(piece, at, length, out int id))
            {
                if (pending >= 0)
                    Add(_unknown, pending);
                pending = -1;
                Add(id, length);
                continue;
            }
            if (_bytes is not null && Rune.TryGetRuneAt(piece, at, out Rune rune)
                && TryBytes(bytes[..rune.EncodeToUtf8(bytes)]))
            {
                for (int i = 0; i < rune.Utf8SequenceLength; i++)
                    Add(_bytes[bytes[i]], i + 1 < rune.Utf8SequenceLength ? 0 : length);
                continue;
            }
            if (_options.UnknownToken is null)
            {
                // The character has no token at all; its place goes to the token before.
                if (lengths.Count > 0)
                    lengths[^1] += length;
                continue;
            }
            if (_unknown < 0)
                throw new InvalidDataException(
                    $"The tokenizer's unknown token '{TextExcerpt.Of(_options.UnknownToken)}' is not in its vocabulary.");
            if (pending >= 0 && !_options.FuseUnknown)
                Add(_unknown, pending);
            pending = pending >= 0 && _options.FuseUnknown ? pending + length : length;
        }
        if (pending >= 0)
            Add(_unknown, pending);

        void Add(int id, int length)
        {
            ids.Add(id);
            lengths.Add(length);
        }
    }

    private bool TryFind(string piece, int at, int length, out int id)
    {
        bool prefixed = at > 0 && _options.ContinuingPrefix.Length > 0;
        bool suffixed = at + length == piece.Length && _options.EndOfWordSuffix.Length > 0;
        if (!prefixed && !suffixed)
            return _lookup.TryGetValue(piece.AsSpan(at, length), out id);
        string token = (prefixed ? _options.ContinuingPrefix : "") + piece.Substring(at, length)
            + (suffixed ? _options.EndOfWordSuffix : "");
        return _vocabulary.TryGetValue(token, out id);
    }

    private bool TryBytes(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            if (_bytes![value] < 0)
                return false;
        }
        return true;
    }

    private TokenSpan[] Merge(int[] ids, int[] lengths)
    {
        int[] next = new int[ids.Length], previous = new int[ids.Length];
        var gone = new bool[ids.Length];
        var queue = new PriorityQueue<(int At, int Id), (int Rank, int At)>();
        for (int i = 0; i < ids.Length; i++)
        {
            (previous[i], next[i]) = (i - 1, i + 1);
            if (i + 1 < ids.Length)
                Enqueue(i);
        }
        while (queue.TryDequeue(out var merge, out _))
        {
            int left = merge.At;
            if (gone[left] || next[left] >= ids.Length)
                continue;
            int right = next[left];
            if (!_merges.TryGetValue(Key(ids[left], ids[right]), out var current) || current.Id != merge.Id)
                continue;
            ids[left] = merge.Id;
            lengths[left] += lengths[right];
            gone[right] = true;
            next[left] = next[right];
            if (next[left] < ids.Length)
                previous[next[left]] = left;
            if (previous[left] >= 0)
                Enqueue(previous[left]);
            if (next[left] < ids.Length)
                Enqueue(left);
        }
        var tokens = new List<TokenSpan>();
        for (int i = 0, start = 0; i < ids.Length; start += lengths[i], i = next[i])
            tokens.Add(new TokenSpan(ids[i], start, lengths[i]));
        return [.. tokens];

        void Enqueue(int left)
        {
            if (_merges.TryGetValue(Key(ids[left], ids[next[left]]), out var merge))
                queue.Enqueue((left, merge.Id), (merge.Rank, left));
        }
    }

    private static ulong Key(int left, int right) => (ulong)(uint)left << 32 | (uint)right;
}

/// <summary>How a <see cref="MergeModel"/> treats characters and words.</summary>
internal sealed record MergeModelOptions
{
    /// <summary>The token for characters that are no tokens; null leaves them out.</summary>
    public string? UnknownToken { get; init; }

    /// <summary>Whether unknown characters in a row are one token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Whether unknown characters are written as the tokens of their bytes, where all of these exist.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>Whether a piece that is a token as a whole is that token, whatever its merges give.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>What stands before tokens inside a word.</summary>
    public string ContinuingPrefix { get; init; } = "";

    /// <summary>What stands after tokens at the end of a word.</summary>
    public string EndOfWordSuffix { get; init; } = "";
}
