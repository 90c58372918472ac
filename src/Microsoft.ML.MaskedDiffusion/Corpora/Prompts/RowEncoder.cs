using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Prompts;

/// <summary>
/// Turns rows of prompt and answer into blocks, one at a time. What starts a document when it is scored (see <see cref="DocumentStart"/>)
/// also starts a row: a tokenizer with a beginning of sequence puts it there itself, else an end of sequence is made the prompt's first
/// token.
/// </summary>
internal sealed class RowEncoder(
    TextTokenizer tokenizer, int maxLength, RowOverflow rowOverflow, IProgress<TrainingProgress>? progress, TimeProvider clock)
{
    private const int ReportInterval = 1000;

    /// <summary>Rows left out by the last call since they were too long.</summary>
    public long LongRowCount { get; private set; }

    /// <summary>Reads all rows.</summary>
    /// <param name="rows">The rows, with a name for each that an error can call it by.</param>
    /// <param name="padding">What follows a row's end.</param>
    /// <param name="what">What the data are called in messages.</param>
    /// <param name="cancellationToken">Stops between rows.</param>
    /// <exception cref="ArgumentException">The tokenizer has no end of sequence.</exception>
    /// <exception cref="InvalidOperationException">A row is too long, or all are.</exception>
    public RowBlocks Encode(
        IEnumerable<(long Number, FineTuningRow Row)> rows, RowPadding padding, string what, CancellationToken cancellationToken)
    {
        int endOfSequence = tokenizer.EndOfSequenceId ?? throw new ArgumentException(
            "The tokenizer has no end-of-sequence token, which ends each answer. Use one that names it (for byte-pair files: a token such as <|endoftext|> or </s>).");
        int[] start = tokenizer.BeginningOfSequenceId is null ? DocumentStart.Of(tokenizer) : [];
        var blocks = new RowBlocks(tokenizer.VocabularySize, endOfSequence, padding, maxLength);
        long begun = clock.GetTimestamp(), longest = 0, seen = 0;
        LongRowCount = 0;
        foreach ((long number, FineTuningRow row) in rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            FineTuningTokens tokens = row.Encode(tokenizer);
            int[] prompt = [.. start, .. tokens.Prompt];
            int length = prompt.Length + tokens.Answer.Length;
            if (length <= maxLength)
                blocks.Add(prompt, tokens.Answer);
            else if (rowOverflow == RowOverflow.Skip)
                (LongRowCount, longest) = (LongRowCount + 1, Math.Max(longest, length));
            else
                throw new InvalidOperationException(
                    $"Row {number} of the {what} has {length} tokens, {prompt.Length} of them prompt; a row may have {maxLength}. Shorten it, or set Rows.Overflow to Skip. {Remedy}");
            if (++seen % ReportInterval == 0)
                Report(blocks, begun);
        }
        cancellationToken.ThrowIfCancellationRequested();
        Report(blocks, begun);
        cancellationToken.ThrowIfCancellationRequested();
        return blocks.Count > 0 ? blocks
            : throw new InvalidOperationException(
            $"All {LongRowCount} rows of the {what} are longer than the {maxLength} tokens a row may have (the longest {longest}). {Remedy}");
    }

    private const string Remedy = "Longer rows need a larger Rows.MaxLength, which is at most the network's context length.";

    private void Report(RowBlocks blocks, long begun)
    {
        TimeSpan elapsed = clock.GetElapsedTime(begun);
        progress?.Report(new TrainingProgress
        {
            Phase = TrainingPhase.Tokenizing,
            Documents = blocks.Count,
            Tokens = blocks.TokenCount,
            Elapsed = elapsed,
            TokensPerSecond = blocks.TokenCount / Math.Max(elapsed.TotalSeconds, 1e-9),
        });
    }
}
