
namespace Microsoft.ML.MaskedDiffusion.Text.BytePair;

/// <summary>
/// A trained tokenizer. <see cref="Complete"/> is false where the corpus ran out of repeated pairs before the vocabulary was full.
/// </summary>
internal sealed record BytePairResult(TextTokenizer Tokenizer, int RequestedVocabularySize, long Documents, long Characters)
{
    public bool Complete => Tokenizer.VocabularySize == RequestedVocabularySize;
}
