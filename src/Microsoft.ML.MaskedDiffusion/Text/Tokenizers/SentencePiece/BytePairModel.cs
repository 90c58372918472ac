namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.SentencePiece;

/// <summary>
/// SentencePiece's byte pairs: of all neighbours whose joint text is a piece, those of the highest score merge first, and among equal
/// scores the leftmost. User-defined symbols are found before, longest first, and never merge. Time is O(n log n).
/// </summary>
internal sealed class BytePairModel : ISentencePieceModel
{
    private readonly SentencePieceVocabulary _vocabulary;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _pieces;
    private readonly UnitTrie _symbols = new();

    public BytePairModel(SentencePieceVocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        _pieces = vocabulary.Pieces.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach ((string text, int id) in vocabulary.Pieces)
        {
            if (vocabulary.KindOf(id) == PieceKind.UserDefined)
                _symbols.Add(text, id);
        }
    }

    public void Segment(string text, List<TokenSpan> pieces) => new Run(this, text).Segment(pieces);

    /// <summary>The state of one text. A symbol is named by the index of its first UTF-16 unit; a length of 0 marks one merged away.</summary>
    private sealed class Run(BytePairModel model, string text)
    {
        private readonly int[] _length = new int[text.Length];
        private readonly int[] _previous = new int[text.Length];
        private readonly bool[] _frozen = new bool[text.Length];
        private readonly PriorityQueue<(int Left, int Right, int Joint), (float NegativeScore, int Left)> _queue = new();

        // What an unused piece was merged from, by its text: such a piece is only a step to longer ones.
        private Dictionary<string, int>? _halves;

        public void Segment(List<TokenSpan> pieces)
        {
            int last = -1;
            for (int at = 0; at < text.Length; at += _length[at])
            {
                _length[at] = model._symbols.Longest(text.AsSpan(at), out _);
                _frozen[at] = _length[at] > 0;
                if (!_frozen[at])
                    _length[at] = CharacterLength(text, at);
                _previous[at] = last;
                if (last >= 0)
                    Enqueue(last, at);
                last = at;
            }
            while (_queue.TryDequeue(out var merge, out _))
            {
                if (_length[merge.Left] == 0 || _length[merge.Right] == 0
                    || _length[merge.Left] + _length[merge.Right] != merge.Joint)
                {
                    continue;
                }
                _length[merge.Left] = merge.Joint;
                _length[merge.Right] = 0;
                int next = merge.Left + merge.Joint;
                if (_previous[merge.Left] >= 0)
                    Enqueue(_previous[merge.Left], merge.Left);
                if (next < text.Length)
                {
                    _previous[next] = merge.Left;
                    Enqueue(merge.Left, next);
                }
            }
            for (int at = 0; at < text.Length; at += _length[at])
                Emit(at, _length[at], pieces);
        }

        private void Enqueue(int left, int right)
        {
            if (_frozen[left] || _frozen[right])
                return;
            int joint = _length[left] + _length[right];
            if (!model._pieces.TryGetValue(text.AsSpan(left, joint), out int id))
                return;
            _queue.Enqueue((left, right, joint), (-model._vocabulary.ScoreOf(id), left));
            if (model._vocabulary.KindOf(id) == PieceKind.Unused)
                (_halves ??= [])[text.Substring(left, joint)] = _length[left];
        }

        private void Emit(int start, int length, List<TokenSpan> pieces)
        {
            int id = model._vocabulary.IdOf(text.AsSpan(start, length));
            if (_halves is not null && model._vocabulary.KindOf(id) == PieceKind.Unused
                && _halves.TryGetValue(text.Substring(start, length), out int half))
            {
                Emit(start, half, pieces);
                Emit(start + half, length - half, pieces);
                return;
            }
            pieces.Add(new TokenSpan(id, start, length));
        }
    }

    private static int CharacterLength(string text, int at) =>
        char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 2 : 1;
}
