using System.Globalization;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>The Unigram model of the Rust library, whose sums are in double precision. Unknown characters in a row are one token.</summary>
internal sealed class UnigramScoreModel : ITokenModel
{
    private const double UnknownPenalty = 10;

    private readonly Dictionary<string, int> _vocabulary = new(StringComparer.Ordinal);
    private readonly double[] _scores;
    private readonly UnitTrie _tokens = new();
    private readonly int? _unknown;
    private readonly bool _byteFallback;
    private readonly double _unknownScore;

    public UnigramScoreModel(IReadOnlyList<(string Token, double Score)> tokens, int? unknown, bool byteFallback)
    {
        _unknown = unknown;
        _byteFallback = byteFallback;
        _scores = new double[tokens.Count];
        double lowest = double.PositiveInfinity;
        for (int id = 0; id < tokens.Count; id++)
        {
            _vocabulary[tokens[id].Token] = id;
            _tokens.Add(tokens[id].Token, id);
            _scores[id] = tokens[id].Score;
            lowest = Math.Min(lowest, tokens[id].Score);
        }
        _unknownScore = lowest - UnknownPenalty;
    }

    public IReadOnlyDictionary<string, int> Vocabulary => _vocabulary;

    public int? UnknownId => _unknown;

    public void Tokenize(string piece, List<TokenSpan> tokens)
    {
        List<TokenSpan> path = BestPath(piece);
        foreach (TokenSpan token in path)
        {
            string text = piece.Substring(token.Start, token.Length);
            if (_vocabulary.TryGetValue(text, out int id))
                tokens.Add(token with { Id = id });
            else if (!_byteFallback || !TryAddBytes(text, token, tokens))
                tokens.Add(token);
        }
    }

    private List<TokenSpan> BestPath(string piece)
    {
        var best = new (int Id, int Start, double Score)[piece.Length + 1];
        Array.Fill(best, (-1, -1, 0));
        for (int start = 0, character; start < piece.Length; start += character)
        {
            character = char.IsSurrogatePair(piece, start) ? 2 : 1;
            double soFar = best[start].Score;
            bool single = false;
            for (int end = start, node = 0; end < piece.Length && (node = _tokens.Next(node, piece[end])) >= 0;)
            {
                end++;
                int id = _tokens.ValueAt(node);
                if (id < 0)
                    continue;
                Offer(ref best[end], id, start, _scores[id] + soFar);
                single = single || end - start == character;
            }
            if (!single)
                Offer(ref best[start + character], Unknown(), start, _unknownScore + soFar);
        }
        var path = new List<TokenSpan>();
        for (int end = piece.Length; end > 0; end = best[end].Start)
        {
            var token = new TokenSpan(best[end].Id, best[end].Start, end - best[end].Start);
            if (token.Id == _unknown && path.Count > 0 && path[^1].Id == _unknown)
                path[^1] = token with { Length = token.Length + path[^1].Length };
            else
                path.Add(token);
        }
        path.Reverse();
        return path;
    }

    private int Unknown() => _unknown ?? throw new InvalidDataException(
        "The text has a character that the Unigram tokenizer has no token for, and its tokenizer.json names no unknown token (unk_id).");

    private bool TryAddBytes(string text, TokenSpan token, List<TokenSpan> tokens)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        int[] ids = new int[bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            if (!_vocabulary.TryGetValue(string.Create(CultureInfo.InvariantCulture, $"<0x{bytes[i]:X2}>"), out ids[i]))
                return false;
        }
        for (int i = 0; i < ids.Length; i++)
            tokens.Add(new TokenSpan(ids[i], token.Start, i + 1 < ids.Length ? 0 : token.Length));
        return true;
    }

    private static void Offer(ref (int Id, int Start, double Score) best, int id, int start, double score)
    {
        if (best.Start < 0 || score > best.Score)
            best = (id, start, score);
    }
}
