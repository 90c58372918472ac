using Microsoft.ML.MaskedDiffusion.Corpora.Prompts;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Reads the data sets that SMDM (arXiv 2410.18514) is fine-tuned on, in their published formats, as rows of prompt and answer.
/// Readers are immutable and thread-safe.
/// </summary>
public abstract class FineTuningReader
{
    private protected FineTuningReader()
    {
    }

    /// <summary>
    /// ShareGPT conversations: a JSON array, or one object on each line, of <c>{conversations: [{from, value}, ...]}</c>. The first turn of
    /// the human becomes the prompt, in the vicuna_v1.1 template, and the reply of "gpt" the answer. Conversations of fewer than two turns,
    /// or that do not begin with human and gpt, are skipped.
    /// </summary>
    public static FineTuningReader ShareGpt { get; } = new ShareGptReader();

    /// <summary>
    /// GSM8K: lines of <c>question||thought #### answer</c>, or the official JSON lines <c>{question, answer}</c> whose answer holds
    /// "####". Each line gives two rows: from the question to the thought, and from question and thought to the answer. Lines without
    /// exactly one "||" or one "####" are skipped.
    /// </summary>
    public static FineTuningReader Gsm8k { get; } = new Gsm8kReader();

    /// <summary>
    /// The reversal curse: JSON lines <c>{prompt, completion}</c>. Both together are learned as one text without a prompt, as SMDM does.
    /// Nothing is skipped.
    /// </summary>
    public static FineTuningReader Reversal { get; } = new ReversalReader();

    /// <summary>Reads the rows of a file as they are asked for.</summary>
    /// <param name="path">The UTF-8 file.</param>
    /// <param name="limit">Records with a longer row are left out (of GSM8K, both rows). Default null: no limit.</param>
    /// <param name="skipped">Counts what was left out; may be null, which is the default.</param>
    /// <exception cref="InvalidDataException">
    /// The file holds no record, is not UTF-8 or not JSON, or a record lacks a field. The message names the file and the line, or the
    /// record of an array.
    /// </exception>
    public IEnumerable<FineTuningRow> Read(string path, LengthLimit? limit = null, SkippedRows? skipped = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return ReadRecords(path, limit, skipped);
    }

    /// <summary>Reads the records of a file as they are asked for.</summary>
    private protected abstract IEnumerable<FineTuningRecord> Records(string path);

    private IEnumerable<FineTuningRow> ReadRecords(string path, LengthLimit? limit, SkippedRows? skipped)
    {
        foreach (FineTuningRecord record in Records(path))
        {
            string? reason = record.SkipReason;
            // The last row of a record is its longest, because it contains the texts of the rows before it.
            if (reason is null && limit is not null && !limit.Allows(record.Rows[^1]))
                reason = $"longer than {limit.MaxTokens} tokens";
            if (reason is not null)
            {
                skipped?.Add(reason);
                continue;
            }
            foreach (FineTuningRow row in record.Rows)
                yield return row;
        }
    }
}
