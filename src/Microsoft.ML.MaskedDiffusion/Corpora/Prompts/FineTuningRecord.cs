namespace Microsoft.ML.MaskedDiffusion.Corpora.Prompts;

/// <summary>What one record of a file gives: its rows, the last the longest, or why it is skipped.</summary>
internal readonly record struct FineTuningRecord(IReadOnlyList<FineTuningRow> Rows, string? SkipReason)
{
    public static FineTuningRecord Of(params FineTuningRow[] rows) => new(rows, null);

    public static FineTuningRecord Skip(string reason) => new([], reason);
}
