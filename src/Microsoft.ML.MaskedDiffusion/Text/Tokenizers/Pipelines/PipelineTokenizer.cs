using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>
/// Encodes and decodes in the steps of Hugging Face's Rust library, with its ids: added tokens are found in the text, what lies between
/// them is normalized, cut into pieces and given to the model. Text that spells an added token is that token.
/// </summary>
internal sealed class PipelineTokenizer : OwnTokenizer
{
    private readonly TokenizerPipeline _pipeline;
    private readonly AddedTokenFinder _raw;
    private readonly AddedTokenFinder _normalized;
    private readonly string?[] _tokens;
    private readonly HashSet<int> _special;

    public PipelineTokenizer(TokenizerPipeline pipeline)
    {
        _pipeline = pipeline;
        _raw = new AddedTokenFinder([.. pipeline.Added.Where(token => !token.Normalized && !token.Unspelled)], content => content);
        _normalized = new AddedTokenFinder(
            [.. pipeline.Added.Where(token => token.Normalized && !token.Unspelled)], content => Normalize(content, true));
        _special = [.. pipeline.Added.Where(token => token.Special).Select(token => token.Id)];
        _tokens = new string?[pipeline.VocabularySize];
        foreach ((string token, int id) in pipeline.Model.Vocabulary)
            _tokens[id] = token;
        foreach (AddedToken token in pipeline.Added)
            _tokens[token.Id] = token.Content;
    }

    /// <summary>The added tokens that text can spell.</summary>
    public IReadOnlyList<string> SpelledTokens => [.. _pipeline.Added.Where(token => !token.Unspelled).Select(token => token.Content)];

    public override string TokenOf(int id) => _tokens[id] ?? "";

    public override string Encode(string text, bool startsText, bool normalize, List<TokenSpan> tokens)
    {
        var seen = new StringBuilder(text.Length + 1);
        foreach (TokenSpan part in _raw.Split(text))
        {
            string content = text.Substring(part.Start, part.Length);
            if (part.Id >= 0)
            {
                tokens.Add(new TokenSpan(part.Id, seen.Length, content.Length));
                seen.Append(content);
                continue;
            }
            if (normalize)
                content = Normalize(content, startsText || part.Start > 0);
            EncodeNormalized(content, part.Start == 0, startsText, seen, tokens);
        }
        return seen.ToString();
    }

    public override string Decode(IReadOnlyList<int> ids, bool startsText)
    {
        var tokens = new List<string>(ids.Count);
        for (int i = 0; i < ids.Count; i++)
        {
            if (_tokens[ids[i]] is { } token && !_special.Contains(ids[i]))
                tokens.Add(token);
        }
        return string.Concat(_pipeline.Decoder.Decode(tokens, startsText));
    }

    /// <summary>
    /// The bytes that a token adds to a text, which may be a part of a character; none for special tokens, the unknown token and ids
    /// without a token. (<see cref="Decode"/> writes an unknown token that is not special as its name, as the Rust library does.)
    /// </summary>
    public byte[] BytesOf(int id)
    {
        if (_tokens[id] is not { } token || _special.Contains(id) || id == _pipeline.Model.UnknownId)
            return [];
        IReadOnlyList<ITokenDecoder> steps = _pipeline.Decoder is DecoderSequence sequence ? sequence.Steps : [_pipeline.Decoder];
        if (steps.Any(step => step is ByteLevelDecoder))
            return ByteLevelAlphabet.ToBytes(token);
        return steps.Any(step => step is ByteFallbackDecoder) && ByteFallbackDecoder.ByteOf(token) is { } value
            ? [value] : Encoding.UTF8.GetBytes(Decode([id], startsText: false));
    }

    private string Normalize(string text, bool startsText) => _pipeline.Normalizer?.Normalize(text, startsText) ?? text;

    private void EncodeNormalized(string text, bool first, bool startsText, StringBuilder seen, List<TokenSpan> tokens)
    {
        var pieces = new List<TextPiece>();
        foreach (TokenSpan part in _normalized.Split(text))
        {
            string content = text.Substring(part.Start, part.Length);
            if (part.Id >= 0)
            {
                tokens.Add(new TokenSpan(part.Id, seen.Length, content.Length));
                seen.Append(content);
                continue;
            }
            pieces.Clear();
            var piece = new TextPiece(content, first && part.Start == 0);
            if (_pipeline.PreTokenizer is null)
                pieces.Add(piece);
            else
                _pipeline.PreTokenizer.Split(piece, startsText, pieces);
            foreach (TextPiece cut in pieces)
                AddTokens(cut, seen, tokens);
        }
    }

    private void AddTokens(TextPiece piece, StringBuilder seen, List<TokenSpan> tokens)
    {
        int first = tokens.Count;
        _pipeline.Model.Tokenize(piece.Text, tokens);
        bool sameUnits = piece.Text.Length == piece.Shown.Length;
        int[]? places = sameUnits ? null : CharactersOfBytes(piece);
        for (int i = first; i < tokens.Count; i++)
        {
            (int id, int start, int length) = tokens[i];
            if (places is not null)
                (start, length) = (places[start], places[start + length] - places[start]);
            tokens[i] = new TokenSpan(id, seen.Length + start, length);
        }
        seen.Append(piece.Shown);
    }

    // For each byte the unit of the character that it belongs to, so that the last byte of a character carries it.
    private static int[] CharactersOfBytes(TextPiece piece)
    {
        int[] places = new int[piece.Text.Length + 1];
        int at = 0, unit = 0;
        foreach (Rune rune in piece.Shown.EnumerateRunes())
        {
            for (int i = 0; i < rune.Utf8SequenceLength; i++)
                places[at++] = unit;
            unit += rune.Utf16SequenceLength;
        }
        places[at] = unit;
        return places;
    }
}

/// <summary>The steps of a <see cref="PipelineTokenizer"/>.</summary>
internal sealed record TokenizerPipeline(
    IReadOnlyList<AddedToken> Added, ITextNormalizer? Normalizer, IPreTokenizer? PreTokenizer, ITokenModel Model, ITokenDecoder Decoder)
{
    /// <summary>The highest id and one.</summary>
    public int VocabularySize { get; } =
        Math.Max(Model.Vocabulary.Values.DefaultIfEmpty(-1).Max(), Added.Select(token => token.Id).DefaultIfEmpty(-1).Max()) + 1;

    /// <summary>The id of a token, added or of the model.</summary>
    public int? IdOf(string token) => Added.FirstOrDefault(added => added.Content == token)?.Id
        ?? (Model.Vocabulary.TryGetValue(token, out int id) ? id : null);
}
