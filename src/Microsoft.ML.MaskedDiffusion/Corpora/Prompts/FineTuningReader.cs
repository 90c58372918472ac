using Microsoft.ML.MaskedDiffusion.Corpora.Prompts;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Reads the data sets that SMDM (arXiv 2410.18514) is fine-tuned on, in their published formats, as rows of prompt and answer.
/// Readers are stateless and safe for concurrent use.
/// </summary>
public abstract class FineTuningReader
{
    private protected FineTuningReader()
    {
    }

    /// <summary>
    /// ShareGPT conversations: a JSON array, or one object a line, of <c>{conversations: [{from, value}, ...]}</c>. The first human turn
    /// becomes the prompt in the vicuna_v1.1 template, the reply of "gpt" the answer. Skipped: conversations of fewer than two turns, or
    /// that do not begin with human and gpt.
    /// </summary>
    public static FineTuningReader ShareGpt { get; } = new ShareGptReader();

    /// <summary>
    /// GSM8K: lines of <c>question||thought #### answer</c>, or the official JSON lines <c>{question, answer}</c> whose answer holds
    /// "####". Each gives two rows: question to thought, and question with thought to answer. Skipped: lines without exactly one "||" or
    /// one "####".
    /// </summary>
    public static FineTuningReader Gsm8k { get; } = new Gsm8kReader();

    /// <summary>
    /// The reversal curse: JSON lines <c>{prompt, completion}</c>. The two together are learned as one text without a prompt, as SMDM does.
    /// Nothing is skipped.
    /// </summary>
    public static FineTuningReader Reversal { get; } = new ReversalReader();

    /// <summary>Reads the rows of a file lazily.</summary>
    /// <param name="path">The UTF-8 file.</param>
    /// <param name="limit">Leaves out records (both rows of a GSM8K line) that are longer; null, the default, for none.</param>
    /// <param name="skipped">Counts what was left out; null where nobody asks.</param>
    /// <exception cref="InvalidDataException">
    /// The file holds no record, is not UTF-8 or not JSON, or a record lacks a field; the message names the file and the line (or the
    /// record of an array).
    /// </exception>
    public IEnumerable<FineTuningRow> Read(string path, LengthLimit? limit = null, SkippedRows? skipped = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return ReadRecords(path, limit, skipped);
    }

    /// <summary>One entry a record of the file.</summary>
    private protected abstract IEnumerable<FineTuningRecord> Records(string path);

    private IEnumerable<FineTuningRow> ReadRecords(string path, LengthLimit? limit, SkippedRows? skipped)
    {
        foreach (FineTuningRecord record in Records(path))
        {
            // A record's last row is its longest: it holds the texts of those before.
            string? reason = record.SkipReason
                ?? (limit is not null && !limit.Allows(record.Rows[^1]) ? $"longer than {limit.MaxTokens} tokens" : null);
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
