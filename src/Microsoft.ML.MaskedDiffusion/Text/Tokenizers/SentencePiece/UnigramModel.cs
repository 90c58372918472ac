using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.SentencePiece;

/// <summary>
/// SentencePiece's Unigram model: the segmentation of the highest sum of scores, found in one pass. Sums are compared as SentencePiece
/// compares them (a sum in double precision with one rounded to single precision), so that equal sums give the same segmentation.
/// </summary>
internal sealed class UnigramModel : ISentencePieceModel
{
    private const float UnknownPenalty = 10;

    private readonly SentencePieceVocabulary _vocabulary;
    private readonly UnitTrie _pieces = new();
    private readonly float _unknownScore;
    private readonly float _highestScore = 1.17549435e-38f;

    public UnigramModel(SentencePieceVocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        float lowest = float.MaxValue;
        foreach ((string text, int id) in vocabulary.Pieces)
            _pieces.Add(text, id);
        for (int id = 0; id < vocabulary.Count; id++)
        {
            if (vocabulary.KindOf(id) != PieceKind.Normal)
                continue;
            lowest = Math.Min(lowest, vocabulary.ScoreOf(id));
            _highestScore = Math.Max(_highestScore, vocabulary.ScoreOf(id));
        }
        _unknownScore = lowest - UnknownPenalty;
    }

    public void Segment(string text, List<TokenSpan> pieces)
    {
        var best = new Best[text.Length + 1];
        Array.Fill(best, new Best(-1, -1, 0));
        for (int start = 0, character; start < text.Length; start += character)
        {
            character = char.IsSurrogatePair(text, start) ? 2 : 1;
            float soFar = best[start].Score;
            bool single = false;
            int node = 0;
            for (int end = start; end < text.Length && (node = _pieces.Next(node, text[end])) >= 0;)
            {
                end++;
                int id = _pieces.ValueAt(node);
                if (id < 0 || _vocabulary.KindOf(id) == PieceKind.Unused)
                    continue;
                double score = _vocabulary.KindOf(id) == PieceKind.UserDefined
                    ? Encoding.UTF8.GetByteCount(text.AsSpan(start, end - start)) * _highestScore - 0.1
                    : _vocabulary.ScoreOf(id);
                Offer(ref best[end], id, start, score + soFar);
                single = single || end - start == character;
            }
            if (!single)
                Offer(ref best[start + character], _vocabulary.UnknownId, start, _unknownScore + soFar);
        }
        int first = pieces.Count;
        for (int end = text.Length; end > 0; end = best[end].Start)
            pieces.Add(new TokenSpan(best[end].Id, best[end].Start, end - best[end].Start));
        pieces.Reverse(first, pieces.Count - first);
    }

    private static void Offer(ref Best best, int id, int start, double score)
    {
        if (best.Start < 0 || score > best.Score)
            best = new Best(id, start, (float)score);
    }

    private readonly record struct Best(int Id, int Start, float Score);
}
