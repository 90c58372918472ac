namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.SentencePiece;

/// <summary>A SentencePiece model of byte pairs, such as Llama's, or of the Unigram kind.</summary>
internal sealed class SentencePieceTextTokenizer : TextTokenizer
{
    private readonly SentencePieceEncoder _encoder;

    public SentencePieceTextTokenizer(byte[] content) : this(content, SentencePieceVocabulary.Read(content)) { }

    private SentencePieceTextTokenizer(byte[] content, SentencePieceVocabulary vocabulary)
        : base(new SentencePieceEncoder(vocabulary), vocabulary.Count, vocabulary.BeginningOfSequenceId, vocabulary.EndOfSequenceId,
            new Dictionary<string, byte[]> { [TokenizerFiles.SentencePiece] = content })
    {
        _encoder = (SentencePieceEncoder)Tokenizer;
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
