namespace Microsoft.ML.MaskedDiffusion.Corpora.Prompts;

/// <summary>What one record of a file gives.</summary>
/// <param name="Rows">Its rows, of which the last is the longest; empty if it is skipped.</param>
/// <param name="SkipReason">Why it is skipped, such as "with fewer than 2 turns"; null if it is not.</param>
internal readonly record struct FineTuningRecord(IReadOnlyList<FineTuningRow> Rows, string? SkipReason)
{
    public static FineTuningRecord Of(params FineTuningRow[] rows) => new(rows, null);

    public static FineTuningRecord Skip(string reason) => new([], reason);
}
