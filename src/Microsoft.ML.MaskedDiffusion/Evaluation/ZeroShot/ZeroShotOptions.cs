namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How tasks are evaluated. Checked and copied by <see cref="ZeroShotEvaluator"/>; later changes have no effect.</summary>
public sealed class ZeroShotOptions
{
    /// <summary>The likelihood settings. Default <see cref="ZeroShotProfile.Default"/>: one setting for all tasks.</summary>
    public ZeroShotProfile Profile { get; set; } = ZeroShotProfile.Default;

    /// <summary>What to do with questions longer than the model's context. Default <see cref="ContextOverflow.Skip"/>.</summary>
    public ContextOverflow ContextOverflow { get; set; } = ContextOverflow.Skip;

    /// <summary>Evaluate only the first questions of a file, 1 or more; null, the default, for all.</summary>
    public int? MaxQuestions { get; set; }

    /// <summary>Questions scored together and then logged, 1 or more. Changes memory and speed, not results. Default 64.</summary>
    public int QuestionsPerBatch { get; set; } = 64;

    /// <summary>
    /// A folder for a log per task, <c>{task}.jsonl</c>, with a line for each question. A run that finds a log continues after its last
    /// complete line. Null, the default, for no logs.
    /// </summary>
    public string? LogFolder { get; set; }

    /// <summary>Told after every batch. Default null.</summary>
    public IProgress<ZeroShotProgress>? Progress { get; set; }

    internal ZeroShotOptions Clone()
    {
        ArgumentNullException.ThrowIfNull(Profile);
        if (!Enum.IsDefined(ContextOverflow))
            throw new ArgumentOutOfRangeException(
                nameof(ContextOverflow), ContextOverflow,
                $"Option {nameof(ContextOverflow)} is {ContextOverflow}; "
                + $"it must be one of {string.Join(", ", Enum.GetNames<ContextOverflow>())}.");
        if (MaxQuestions < 1)
            throw new ArgumentOutOfRangeException(
                nameof(MaxQuestions), MaxQuestions,
                $"Option {nameof(MaxQuestions)} is {MaxQuestions}; it must be at least 1, or null for all questions.");
        if (QuestionsPerBatch < 1)
            throw new ArgumentOutOfRangeException(
                nameof(QuestionsPerBatch), QuestionsPerBatch,
                $"Option {nameof(QuestionsPerBatch)} is {QuestionsPerBatch}; it must be at least 1.");
        if (LogFolder is { Length: 0 })
            throw new ArgumentException($"Option {nameof(LogFolder)} is empty; give a folder, or null for no logs.", nameof(LogFolder));
        return (ZeroShotOptions)MemberwiseClone();
    }
}
