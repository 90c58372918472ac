using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.SentencePiece;

/// <summary>A SentencePiece model of byte pairs, such as Llama's, or of the Unigram kind.</summary>
internal sealed class SentencePieceTextTokenizer : TextTokenizer
{
    private readonly SentencePieceEncoder _encoder;
    private readonly SentencePieceVocabulary _vocabulary;

    private SentencePieceTextTokenizer(IReadOnlyDictionary<string, byte[]> files, SentencePieceVocabulary vocabulary)
        : base(new SentencePieceEncoder(vocabulary), vocabulary.Count, vocabulary.BeginningOfSequenceId, vocabulary.EndOfSequenceId, files)
    {
        _encoder = (SentencePieceEncoder)Tokenizer;
        _vocabulary = vocabulary;
    }

    /// <summary>Reads the model among the files. What stands beside it changes no ids.</summary>
    /// <exception cref="InvalidDataException">It is no SentencePiece model, or of a kind that is not supported.</exception>
    public static SentencePieceTextTokenizer Read(IReadOnlyDictionary<string, byte[]> files) => new(
        TokenizerFiles.Kept(files, TokenizerFiles.SentencePiece, TokenizerFiles.SentencePieceSettings),
        SentencePieceVocabulary.Read(files[TokenizerFiles.SentencePiece]));

    internal override int? MaskTokenId => SpecialTokens.Mask(Files, IdOf);

    internal override IReadOnlyList<string> SpelledTokens =>
    [
        .. Enumerable.Range(0, _vocabulary.Count).Where(id => _vocabulary.KindOf(id) == PieceKind.UserDefined)
            .Select(id => _vocabulary.TextOf(id).Replace('\u2581', ' ')),
    ];

    internal override string? UnspelledTextOf(int id) =>
        _vocabulary.KindOf(id) == PieceKind.Control ? _vocabulary.TextOf(id) : null;

    internal override ReadOnlyMemory<byte> BytesOf(int id)
    {
        if (!HasText(id))
            return default;
        return _vocabulary.KindOf(id) switch
        {
            PieceKind.Byte => new[] { _vocabulary.ByteOf(id) },
            PieceKind.Normal or PieceKind.UserDefined => Encoding.UTF8.GetBytes(_vocabulary.TextOf(id).Replace('\u2581', ' ')),
            _ => default(ReadOnlyMemory<byte>),
        };
    }

    private protected override int[] EncodeWellFormed(string text, bool startsText) => _encoder.Encode(text, startsText);

    private protected override string Decode(IReadOnlyList<int> ids, bool startsText) => _encoder.Decode(WithText(ids), startsText);

    // A token that was added behind the pieces has its id in a file beside the model.
    private int? IdOf(string token)
    {
        int id = _vocabulary.IdOf(token);
        return id >= 0 && _vocabulary.TextOf(id) == token ? id : SpecialTokens.AddedId(Files, token);
    }
}
