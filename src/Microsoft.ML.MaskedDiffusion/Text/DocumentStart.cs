namespace Microsoft.ML.MaskedDiffusion.Text;

/// <summary>
/// What stands before a text's first token: the tokenizer's beginning of sequence, or else its end of sequence, which in packed training
/// data stands before each document; nothing where there is neither.
/// </summary>
internal static class DocumentStart
{
    public static int[] Of(TextTokenizer tokenizer) =>
        tokenizer.BeginningOfSequenceId is { } beginning ? [beginning]
        : tokenizer.EndOfSequenceId is { } end ? [end]
        : [];

    /// <summary>
    /// A context as a model sees it: the tokenizer puts its own beginning of sequence there, what else starts a document is added.
    /// </summary>
    public static int[] Before(TextTokenizer tokenizer, ContinuationTokens tokens) =>
        tokenizer.BeginningOfSequenceId is null ? [.. Of(tokenizer), .. tokens.Context] : tokens.Context;
}
