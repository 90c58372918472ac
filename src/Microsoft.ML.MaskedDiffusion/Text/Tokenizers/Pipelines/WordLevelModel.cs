namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>A token for each word; the unknown token for all others.</summary>
internal sealed class WordLevelModel(Dictionary<string, int> vocabulary, string unknownToken) : ITokenModel
{
    public IReadOnlyDictionary<string, int> Vocabulary => vocabulary;

    public int? UnknownId { get; } = vocabulary[unknownToken];

    public void Tokenize(string piece, List<TokenSpan> tokens) =>
        tokens.Add(new TokenSpan(vocabulary.TryGetValue(piece, out int id) ? id : vocabulary[unknownToken], 0, piece.Length));
}
