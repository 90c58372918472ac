namespace Microsoft.ML.MaskedDiffusion;

/// <summary>The token ids of a <see cref="FineTuningRow"/>.</summary>
/// <param name="Prompt">Ids that are never noised; may be empty.</param>
/// <param name="Answer">Ids that are learned, including the end-of-sequence token.</param>
public sealed record FineTuningTokens(int[] Prompt, int[] Answer);

/// <summary>
/// One row to fine-tune on: a prompt that is never noised and an answer that is learned. Its properties are text columns, so a list of rows
/// can be loaded as a data view. Immutable.
/// </summary>
/// <param name="Prompt">The prompt; empty if the whole text is learned.</param>
/// <param name="Reasoning">
/// A second part of the prompt, which is tokenized by itself, as SMDM does with the reasoning of a GSM8K answer; empty for none.
/// </param>
/// <param name="Answer">The answer. The end-of-sequence token follows it.</param>
public sealed record FineTuningRow(string Prompt, string Reasoning, string Answer)
{
    /// <summary>
    /// The row's token ids. As in SMDM, every part is tokenized by itself, so a tokenizer with a beginning-of-sequence token puts one
    /// before each part. The answer ends with the end-of-sequence token, if the tokenizer has one.
    /// </summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    public FineTuningTokens Encode(TextTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        List<int> answer = [.. Part(tokenizer, Answer)];
        if (tokenizer.EndOfSequenceId is { } end)
            answer.Add(end);
        return new FineTuningTokens([.. Part(tokenizer, Prompt), .. Part(tokenizer, Reasoning)], [.. answer]);
    }

    private static int[] Part(TextTokenizer tokenizer, string text)
    {
        if (text.Length == 0)
            return [];
        int[] ids = tokenizer.Encode(text);
        return tokenizer.BeginningOfSequenceId is { } beginning ? [beginning, .. ids] : ids;
    }
}
