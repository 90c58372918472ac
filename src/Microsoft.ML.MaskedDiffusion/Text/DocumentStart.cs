namespace Microsoft.ML.MaskedDiffusion.Text;

/// <summary>
/// What stands before a text's first token: the tokenizer's beginning of sequence, or else its end of sequence, which in packed training data
/// stands before each document; nothing where there is neither.
/// </summary>
internal static class DocumentStart
{
    public static int[] Of(TextTokenizer tokenizer) =>
        tokenizer.BeginningOfSequenceId is { } beginning ? [beginning]
        : tokenizer.EndOfSequenceId is { } end ? [end]
        : [];
}
