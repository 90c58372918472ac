namespace Microsoft.ML.Tokenizers;

public sealed class LlamaTokenizer : SentencePieceTokenizer
{
    private LlamaTokenizer(SentencePieceModelFile file, bool addBeginOfSentence, bool addEndOfSentence) : base(file, addBeginOfSentence, addEndOfSentence) { }

    public static new LlamaTokenizer Create(Stream modelStream, bool addBeginOfSentence = true, bool addEndOfSentence = false,
        IReadOnlyDictionary<string, int>? specialTokens = null)
    {
        SentencePieceModelFile file = Open(modelStream, specialTokens);
        if (file.NormalizerName is not ("identity" or ""))
            throw new ArgumentException($"Normalization '{file.NormalizerName}' is not supported.", nameof(modelStream));
        return new LlamaTokenizer(file, addBeginOfSentence, addEndOfSentence);
    }
}
