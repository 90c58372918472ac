namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.SentencePiece;

/// <summary>
/// SentencePiece's byte pairs: of all neighbours whose joint text is a piece, those of the highest score merge first, and among equal
/// scores the leftmost. User-defined symbols are found before, longest first, and never merge.
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

    private sealed class Run(BytePairModel model, string text) : MergeRun(text)
    {
        private readonly bool[] _frozen = new bool[text.Length];

        // What an unused piece was merged from, by its text: such a piece is only a step to longer ones.
        private Dictionary<string, int>? _halves;

        public void Segment(List<TokenSpan> pieces)
        {
            for (int at = 0; at < Text.Length; at += Length[at])
            {
                Length[at] = model._symbols.Longest(Text.AsSpan(at), out _);
                _frozen[at] = Length[at] > 0;
                if (!_frozen[at])
                    Length[at] = char.IsSurrogatePair(Text, at) ? 2 : 1;
            }
            Merge();
            for (int at = 0; at < Text.Length; at += Length[at])
                Emit(at, Length[at], pieces);
        }

        protected override bool TryOrder(int left, int right, out float order)
        {
            order = 0;
            int joint = Length[left] + Length[right];
            if (_frozen[left] || _frozen[right] || !model._pieces.TryGetValue(Text.AsSpan(left, joint), out int id))
                return false;
            order = -model._vocabulary.ScoreOf(id);
            if (model._vocabulary.KindOf(id) == PieceKind.Unused)
                (_halves ??= [])[Text.Substring(left, joint)] = Length[left];
            return true;
        }

        private void Emit(int start, int length, List<TokenSpan> pieces)
        {
            int id = model._vocabulary.IdOf(Text.AsSpan(start, length));
            if (_halves is not null && model._vocabulary.KindOf(id) == PieceKind.Unused
                && _halves.TryGetValue(Text.Substring(start, length), out int half))
            {
                Emit(start, half, pieces);
                Emit(start + half, length - half, pieces);
                return;
            }
            pieces.Add(new TokenSpan(id, start, length));
        }
    }
}
