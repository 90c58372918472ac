
namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// One row to fine-tune on: a prompt that is never noised and an answer that is learned. Its properties are text columns, so a list of rows
/// loads as a data view. Immutable.
/// </summary>
/// <param name="Prompt">The prompt; empty where the whole text is learned.</param>
/// <param name="Reasoning">
/// A second part of the prompt, tokenized by itself, as SMDM does with the reasoning of a GSM8K answer; empty for none.
/// </param>
/// <param name="Answer">The answer; the end-of-sequence token follows it.</param>
public sealed record FineTuningRow(string Prompt, string Reasoning, string Answer)
{
    /// <summary>
    /// The row's token ids. As in SMDM every part is tokenized by itself, so a tokenizer with a beginning-of-sequence token puts one before
    /// each part; an end-of-sequence token, where the tokenizer has one, ends the answer.
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

    private static int[] Part(TextTokenizer tokenizer, string text) =>
        text.Length == 0 ? [] : tokenizer.BeginningOfSequenceId is { } beginning ? [beginning, .. tokenizer.Encode(text)]
            : tokenizer.Encode(text);
}
