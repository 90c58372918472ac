namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>
/// WordPiece, as BERT's: the longest token that a word begins with, then the longest continuation, and so on. A word that cannot be cut so,
/// or that is too long, is the unknown token.
/// </summary>
internal sealed class WordPieceModel(
    Dictionary<string, int> vocabulary, string unknownToken, string continuingPrefix, int longestWord) : ITokenModel
{
    public IReadOnlyDictionary<string, int> Vocabulary => vocabulary;

    public int? UnknownId { get; } = vocabulary[unknownToken];

    public void Tokenize(string piece, List<TokenSpan> tokens)
    {
        int first = tokens.Count;
        if (TextLength.Characters(piece) <= longestWord && TryCut(piece, tokens))
            return;
        tokens.RemoveRange(first, tokens.Count - first);
        tokens.Add(new TokenSpan(vocabulary[unknownToken], 0, piece.Length));
    }

    private bool TryCut(string piece, List<TokenSpan> tokens)
    {
        for (int start = 0, end; start < piece.Length; start = end)
        {
            int id = -1;
            for (end = piece.Length; end > start; end -= end - start > 1 && char.IsSurrogatePair(piece, end - 2) ? 2 : 1)
            {
                string token = (start > 0 ? continuingPrefix : "") + piece[start..end];
                if (vocabulary.TryGetValue(token, out id))
                    break;
            }
            if (end <= start)
                return false;
            tokens.Add(new TokenSpan(id, start, end - start));
        }
        return true;
    }
}
