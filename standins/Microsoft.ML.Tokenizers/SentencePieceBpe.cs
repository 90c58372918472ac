using System.Text;

namespace Microsoft.ML.Tokenizers;

/// <summary>SentencePiece's byte-pair segmentation of normalized text: neighbours whose joint piece scores highest merge first, the leftmost among equals.</summary>
internal sealed class SentencePieceBpe
{
    private readonly Dictionary<string, (int Id, float Score, SentencePieceType Type)> _pieces = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Id, float Score, SentencePieceType Type)>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly int[]? _bytes;
    private readonly int _unknownId;

    public SentencePieceBpe(SentencePieceModelFile file)
    {
        for (int id = 0; id < file.Pieces.Count; id++)
        {
            (string piece, float score, SentencePieceType type) = file.Pieces[id];
            _pieces.Add(piece, (id, score, type));
        }
        _lookup = _pieces.GetAlternateLookup<ReadOnlySpan<char>>();
        _unknownId = file.UnknownId;
        if (!file.ByteFallback)
            return;
        _bytes = new int[256];
        for (int value = 0; value < 256; value++)
            _bytes[value] = _pieces.TryGetValue($"<0x{value:X2}>", out var piece) ? piece.Id : _unknownId;
    }

    /// <summary>Appends (id, start, length) of each token; the bytes of one fallen-back character share its start, the first carries its length.</summary>
    public void Encode(ReadOnlySpan<char> text, List<(int Id, int Start, int Length)> tokens)
    {
        int[] length = new int[text.Length], next = new int[text.Length], previous = new int[text.Length];
        var halves = new Dictionary<(int Start, int Length), int>();
        var queue = new PriorityQueue<(int Left, int LeftLength, int Right, int RightLength), (float NegativeScore, int Position)>();
        int last = -1;
        for (int i = 0; i < text.Length; i += length[i])
        {
            Rune.DecodeFromUtf16(text[i..], out _, out length[i]);
            (previous[i], next[i]) = (last, i + length[i]);
            if (last >= 0)
                Enqueue(text, last, i);
            last = i;
        }
        while (queue.TryDequeue(out var merge, out _))
        {
            if (length[merge.Left] != merge.LeftLength || length[merge.Right] != merge.RightLength)
                continue;
            length[merge.Left] += merge.RightLength;
            length[merge.Right] = 0;
            int after = next[merge.Left] = next[merge.Right];
            if (after < text.Length)
            {
                previous[after] = merge.Left;
                Enqueue(text, merge.Left, after);
            }
            if (previous[merge.Left] >= 0)
                Enqueue(text, previous[merge.Left], merge.Left);
        }
        for (int i = 0; i < text.Length; i = next[i])
            Emit(text, i, length[i], halves, tokens);

        void Enqueue(ReadOnlySpan<char> text, int left, int right)
        {
            int joint = length[left] + length[right];
            if (!_lookup.TryGetValue(text.Slice(left, joint), out var piece) || !Mergeable(piece.Type))
                return;
            queue.Enqueue((left, length[left], right, length[right]), (-piece.Score, left));
            if (piece.Type == SentencePieceType.Unused)
                halves[(left, joint)] = length[left];
        }
    }

    private static bool Mergeable(SentencePieceType type) => type is SentencePieceType.Normal or SentencePieceType.UserDefined or SentencePieceType.Unused;

    private void Emit(ReadOnlySpan<char> text, int start, int length, Dictionary<(int, int), int> halves, List<(int Id, int Start, int Length)> tokens)
    {
        ReadOnlySpan<char> symbol = text.Slice(start, length);
        if (!_lookup.TryGetValue(symbol, out var piece) || !Mergeable(piece.Type))
            EmitUnknown(symbol, start, tokens);
        else if (piece.Type == SentencePieceType.Unused && halves.TryGetValue((start, length), out int half))
        {
            // An unused piece served only as a step towards longer ones: its halves stand in for it.
            Emit(text, start, half, halves, tokens);
            Emit(text, start + half, length - half, halves, tokens);
        }
        else
            tokens.Add((piece.Id, start, length));
    }

    private void EmitUnknown(ReadOnlySpan<char> symbol, int start, List<(int Id, int Start, int Length)> tokens)
    {
        if (_bytes is null)
        {
            tokens.Add((_unknownId, start, symbol.Length));
            return;
        }
        Span<byte> utf8 = stackalloc byte[4];
        Rune.DecodeFromUtf16(symbol, out Rune rune, out _);
        int count = rune.EncodeToUtf8(utf8);
        for (int i = 0; i < count; i++)
            tokens.Add((_bytes[utf8[i]], start, i == 0 ? symbol.Length : 0));
    }
}
