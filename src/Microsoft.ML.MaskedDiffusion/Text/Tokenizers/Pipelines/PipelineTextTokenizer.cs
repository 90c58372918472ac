namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>A tokenizer of Hugging Face's or tiktoken's files.</summary>
internal sealed class PipelineTextTokenizer : TextTokenizer
{
    private readonly TokenizerPipeline _pipeline;
    private readonly PipelineTokenizer _tokenizer;

    public PipelineTextTokenizer(TokenizerPipeline pipeline, int? beginning, int? end, IReadOnlyDictionary<string, byte[]> files)
        : base(new PipelineTokenizer(pipeline), pipeline.VocabularySize, beginning, end, files)
    {
        _pipeline = pipeline;
        _tokenizer = (PipelineTokenizer)Tokenizer;
    }

    internal override int? MaskTokenId => SpecialTokens.Mask(Files, _pipeline.IdOf);

    private protected override TextTokenizer Unspelling(int id)
    {
        if (!_pipeline.Added.Any(token => token.Id == id && !token.Unspelled))
            return this;
        AddedToken[] added = [.. _pipeline.Added.Select(token => token.Id == id ? token with { Unspelled = true } : token)];
        return new PipelineTextTokenizer(_pipeline with { Added = added }, BeginningOfSequenceId, EndOfSequenceId, Files);
    }

    internal override IReadOnlyList<string> SpelledTokens => _tokenizer.SpelledTokens;

    internal override ReadOnlyMemory<byte> BytesOf(int id) => HasText(id) ? _tokenizer.BytesOf(id) : default(ReadOnlyMemory<byte>);

    private protected override int[] EncodeWellFormed(string text, bool startsText) => _tokenizer.Encode(text, startsText);

    private protected override string Decode(IReadOnlyList<int> ids, bool startsText) => _tokenizer.Decode(WithText(ids), startsText);
}
