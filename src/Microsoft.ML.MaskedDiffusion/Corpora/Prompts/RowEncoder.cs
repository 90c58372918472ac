using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Prompts;

/// <summary>
/// Turns rows of prompt and answer into blocks, one at a time. A row begins as a document does when it is scored (see
/// <see cref="DocumentStart"/>): with the beginning-of-sequence token that the tokenizer itself puts there, or else with an end-of-sequence
/// token as the first of the prompt. Not thread-safe.
/// </summary>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="maxLength">The number of ids of the longest row that is allowed.</param>
/// <param name="overflow">What happens to longer rows.</param>
/// <param name="progress">Receives a report every 1,000 rows and at the end, on the calling thread; may be null.</param>
/// <param name="clock">Measures the time that is reported.</param>
/// <param name="isContext">Whether the longest row has the network's whole context, so that no option allows longer ones.</param>
internal sealed class RowEncoder(
    TextTokenizer tokenizer, int maxLength, RowOverflow overflow, IProgress<TrainingProgress>? progress, TimeProvider clock,
    bool isContext = false)
{
    private const int ReportInterval = 1000;

    /// <summary>The number of rows that the last call left out because they were too long.</summary>
    public long LongRowCount { get; private set; }

    /// <summary>
    /// The number of rows of the last call whose prompt ends with white space, which scoring and generation give to the answer.
    /// </summary>
    public long SpacedPromptCount { get; private set; }

    private string Remedy => isContext
        ? "The network's context has no more: shorten the rows, or take a model with a longer context."
        : "Longer rows need a larger Rows.MaxLength, which is at most the network's context length.";

    /// <summary>Reads all rows.</summary>
    /// <param name="rows">The rows, each with the number by which errors name it.</param>
    /// <param name="padding">What follows the end of a row.</param>
    /// <param name="what">How messages call the data.</param>
    /// <param name="cancellationToken">Stops between two rows.</param>
    /// <param name="total">The number of rows, for the progress; null where it is not known.</param>
    /// <exception cref="ArgumentException">The tokenizer has no end-of-sequence token.</exception>
    /// <exception cref="InvalidOperationException">A row is too long and rows may not be skipped, or all rows are too long.</exception>
    public RowBlocks Encode(
        IEnumerable<(long Number, FineTuningRow Row)> rows, RowPadding padding, string what, CancellationToken cancellationToken,
        long? total = null)
    {
        int endOfSequence = tokenizer.EndOfSequenceId ?? throw new ArgumentException(
            $"The tokenizer has no end-of-sequence token, which ends each answer. There is no {tokenizer.EndOfSequencePlaces}. "
            + "Name one there, or use a tokenizer that has one.");
        int[] start = tokenizer.BeginningOfSequenceId is null ? DocumentStart.Of(tokenizer) : [];
        var blocks = new RowBlocks(tokenizer.VocabularySize, endOfSequence, padding, maxLength);
        long begun = clock.GetTimestamp(), longest = 0, seen = 0;
        LongRowCount = SpacedPromptCount = 0;
        foreach ((long number, FineTuningRow row) in rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            FineTuningTokens tokens = row.Encode(tokenizer);
            int[] prompt = [.. start, .. tokens.Prompt];
            // A reasoning takes no part in scoring.
            if (row.Reasoning.Length == 0 && PythonWhiteSpace.TrimEnd(row.Prompt).Length < row.Prompt.Length)
                SpacedPromptCount++;
            int length = prompt.Length + tokens.Answer.Length;
            if (length <= maxLength)
            {
                blocks.Add(prompt, tokens.Answer);
            }
            else if (overflow == RowOverflow.Skip)
            {
                LongRowCount++;
                longest = Math.Max(longest, length);
            }
            else
            {
                throw new InvalidOperationException(
                    $"Row {number} of the {what} has {length} tokens, {prompt.Length} of them prompt; a row may "
                    + $"have {maxLength}. Shorten it, or set Rows.Overflow to Skip. {Remedy}");
            }
            if (++seen % ReportInterval == 0)
                Report(blocks, seen, total, begun);
        }
        cancellationToken.ThrowIfCancellationRequested();
        Report(blocks, seen, total, begun);
        cancellationToken.ThrowIfCancellationRequested();
        if (blocks.Count > 0)
            return blocks;
        throw new InvalidOperationException($"All {LongRowCount} rows of the {what} are longer than the {maxLength} tokens a row may have "
            + $"(the longest has {longest}). {Remedy}");
    }

    private void Report(RowBlocks blocks, long seen, long? total, long begun) => progress?.Report(TrainingProgress.OfText(
        TrainingPhase.Tokenizing, seen, total, blocks.Count, blocks.TokenCount, clock.GetElapsedTime(begun)));
}
