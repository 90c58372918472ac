using System.Buffers;
using System.Text;

namespace Microsoft.ML.Tokenizers;

public class SentencePieceTokenizer : Tokenizer
{
    private readonly SentencePieceBpe _model;
    private readonly SentencePieceNormalizer _normalizer;
    private readonly string[] _pieces;
    private readonly Dictionary<int, byte> _byteIds = [];
    private readonly Dictionary<string, int> _vocabulary = new(StringComparer.Ordinal);

    internal SentencePieceTokenizer(SentencePieceModelFile file, bool addBeginningOfSentence, bool addEndOfSentence)
    {
        AddBeginningOfSentence = addBeginningOfSentence;
        AddEndOfSentence = addEndOfSentence;
        _model = new SentencePieceBpe(file);
        _pieces = [.. file.Pieces.Select(p => p.Piece)];
        for (int id = 0; id < _pieces.Length; id++)
        {
            _vocabulary.Add(_pieces[id], id);
            if (file.Pieces[id].Type == SentencePieceType.Byte)
                _byteIds.Add(id, Convert.ToByte(_pieces[id][3..5], 16));
        }
        _normalizer = new SentencePieceNormalizer(file.RemoveExtraWhitespaces, file.AddDummyPrefix, file.EscapeWhitespaces, file.TreatWhitespaceAsSuffix, null);
        ByteFallback = file.ByteFallback;
        // The published class takes the usual ids where the file has none.
        BeginningOfSentenceId = file.BeginningId <= 0 ? 1 : file.BeginningId;
        EndOfSentenceId = file.EndId <= 0 ? 1 : file.EndId;
        UnknownId = Math.Max(0, file.UnknownId);
        BeginningOfSentenceToken = file.BeginningPiece;
        EndOfSentenceToken = file.EndPiece;
        UnknownToken = file.UnknownPiece;
    }

    public bool ByteFallback { get; }

    public bool AddDummyPrefix => _normalizer.AddDummyPrefix;

    public bool EscapeWhiteSpaces => _normalizer.EscapeWhiteSpaces;

    public bool TreatWhitespaceAsSuffix => _normalizer.TreatWhitespaceAsSuffix;

    public bool AddBeginningOfSentence { get; }

    public bool AddEndOfSentence { get; }

    public string BeginningOfSentenceToken { get; }

    public string EndOfSentenceToken { get; }

    public string UnknownToken { get; }

    public int BeginningOfSentenceId { get; }

    public int EndOfSentenceId { get; }

    public int UnknownId { get; }

    public override Normalizer? Normalizer => _normalizer;

    public IReadOnlyDictionary<string, int> Vocabulary => _vocabulary.AsReadOnly();

    public static SentencePieceTokenizer Create(Stream modelStream, bool addBeginningOfSentence = true, bool addEndOfSentence = false,
        IReadOnlyDictionary<string, int>? specialTokens = null) =>
        new(Open(modelStream, specialTokens), addBeginningOfSentence, addEndOfSentence);

    public IReadOnlyList<int> EncodeToIds(string text, bool addBeginningOfSentence, bool addEndOfSentence, bool considerPreTokenization = true,
        bool considerNormalization = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        return EncodeToIds(text.AsSpan(), addBeginningOfSentence, addEndOfSentence, considerPreTokenization, considerNormalization);
    }

    public IReadOnlyList<int> EncodeToIds(ReadOnlySpan<char> text, bool addBeginningOfSentence, bool addEndOfSentence, bool considerPreTokenization = true,
        bool considerNormalization = true) =>
        [.. Encode(text, addBeginningOfSentence, addEndOfSentence, considerNormalization, out _, out _).Select(t => t.Id)];

    protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        ReadOnlySpan<char> input = text is null ? textSpan : text.AsSpan();
        var tokens = Encode(input, AddBeginningOfSentence, AddEndOfSentence, settings.ConsiderNormalization, out string? normalized, out int length);
        return new()
        {
            Tokens = [.. tokens.Take(settings.MaxTokenCount).Select(t => new EncodedToken(t.Id, _pieces[t.Id], t.Start..(t.Start + t.Length)))],
            NormalizedText = normalized,
            CharsConsumed = tokens.Count > settings.MaxTokenCount ? tokens[settings.MaxTokenCount].Start : length,
        };
    }

    public override string Decode(IEnumerable<int> ids) => Decode(ids, considerSpecialTokens: false);

    public string Decode(IEnumerable<int> ids, bool considerSpecialTokens)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var bytes = new List<byte>();
        bool first = true;
        char space = EscapeWhiteSpaces ? SentencePieceNormalizer.Space : ' ';
        foreach (int id in ids)
        {
            if (id == BeginningOfSentenceId || id == EndOfSentenceId || id == UnknownId)
            {
                if (considerSpecialTokens)
                    bytes.AddRange(Encoding.UTF8.GetBytes(_pieces[id]));
            }
            else if (_byteIds.TryGetValue(id, out byte value))
                bytes.Add(value);
            else if ((uint)id < (uint)_pieces.Length)
            {
                string piece = _pieces[id];
                bool dropPrefix = first && AddDummyPrefix && !TreatWhitespaceAsSuffix && piece.StartsWith(space);
                first = false;
                bytes.AddRange(Encoding.UTF8.GetBytes((dropPrefix ? piece[1..] : piece).Replace(space, ' ')));
            }
        }
        string text = Encoding.UTF8.GetString([.. bytes]);
        return AddDummyPrefix && TreatWhitespaceAsSuffix && text.EndsWith(' ') ? text[..^1] : text;
    }

    public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten) =>
        DecodeBuffer.Fill(ids, Decode, destination, out idsConsumed, out charsWritten);

    private protected static SentencePieceModelFile Open(Stream stream, IReadOnlyDictionary<string, int>? specialTokens)
    {
        if (specialTokens is { Count: > 0 })
            throw new NotSupportedException("This stand-in of Microsoft.ML.Tokenizers takes no extra special tokens for SentencePiece models.");
        SentencePieceModelFile file = SentencePieceModelFile.Read(stream);
        if (file.ModelType != SentencePieceModelType.Bpe)
            throw new NotSupportedException($"This stand-in of Microsoft.ML.Tokenizers covers SentencePiece models of type Bpe, not {file.ModelType}.");
        if (file.HasCharacterMap)
            throw new NotSupportedException($"This stand-in of Microsoft.ML.Tokenizers covers the identity normalizer, not '{file.NormalizerName}'.");
        return file;
    }

    private List<(int Id, int Start, int Length)> Encode(ReadOnlySpan<char> text, bool beginning, bool end, bool normalize, out string? normalized, out int length)
    {
        normalized = normalize ? _normalizer.Normalize(text) : null;
        ReadOnlySpan<char> input = normalized is null ? text : normalized.AsSpan();
        length = input.Length;
        var tokens = new List<(int Id, int Start, int Length)>(length / 3 + 2);
        if (text.IsEmpty)
            return tokens;
        if (beginning)
            tokens.Add((BeginningOfSentenceId, 0, 0));
        _model.Encode(input, tokens);
        if (end)
            tokens.Add((EndOfSentenceId, length, 0));
        return tokens;
    }
}
