namespace Microsoft.ML.MaskedDiffusion.Text;

/// <summary>
/// What stands before the first token of a text: the tokenizer's beginning-of-sequence token; or else its end-of-sequence token, which
/// stands before each document in packed training data; or else nothing.
/// </summary>
internal static class DocumentStart
{
    /// <summary>The ids before the first token of a text: one id or none.</summary>
    public static int[] Of(TextTokenizer tokenizer) =>
        tokenizer.BeginningOfSequenceId is { } beginning ? [beginning]
        : tokenizer.EndOfSequenceId is { } end ? [end]
        : [];

    /// <summary>
    /// A context as a model sees it. If the tokenizer has a beginning-of-sequence token, the context begins with it already; otherwise the
    /// ids of
    /// <see cref="Of"/> are added.
    /// </summary>
    public static int[] Before(TextTokenizer tokenizer, ContinuationTokens tokens) =>
        tokenizer.BeginningOfSequenceId is null ? [.. Of(tokenizer), .. tokens.Context] : tokens.Context;
}
