using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.SentencePiece;

/// <summary>A SentencePiece model of byte pairs, such as Llama's, or of the Unigram kind.</summary>
internal sealed class SentencePieceTextTokenizer : TextTokenizer
{
    private readonly SentencePieceEncoder _encoder;
    private readonly SentencePieceVocabulary _vocabulary;

    public SentencePieceTextTokenizer(byte[] content) : this(content, SentencePieceVocabulary.Read(content)) { }

    private SentencePieceTextTokenizer(byte[] content, SentencePieceVocabulary vocabulary)
        : base(new SentencePieceEncoder(vocabulary), vocabulary.Count, vocabulary.BeginningOfSequenceId, vocabulary.EndOfSequenceId,
            new Dictionary<string, byte[]> { [TokenizerFiles.SentencePiece] = content })
    {
        _encoder = (SentencePieceEncoder)Tokenizer;
        _vocabulary = vocabulary;
    }

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

    private protected override string Decode(IReadOnlyList<int> ids, bool startsText)
    {
        var kept = new List<int>(ids.Count);
        for (int i = 0; i < ids.Count; i++)
        {
            if (HasText(ids[i]))
                kept.Add(ids[i]);
        }
        return _encoder.Decode(kept, startsText);
    }
}
