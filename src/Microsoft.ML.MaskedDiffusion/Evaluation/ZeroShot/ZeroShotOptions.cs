using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How tasks are evaluated. Checked and copied by <see cref="ZeroShotEvaluator"/>; later changes have no effect.</summary>
public sealed class ZeroShotOptions
{
    /// <summary>The likelihood settings. Default <see cref="ZeroShotProfile.Default"/>: one setting for all tasks.</summary>
    public ZeroShotProfile Profile { get; set; } = ZeroShotProfile.Default;

    /// <summary>What to do with questions longer than the model's context. Default <see cref="ContextOverflow.Skip"/>.</summary>
    public ContextOverflow ContextOverflow { get; set; } = ContextOverflow.Skip;

    /// <summary>What to do with lines of a file that are no question. Default <see cref="InvalidRows.Throw"/>.</summary>
    public InvalidRows InvalidRows { get; set; } = InvalidRows.Throw;

    /// <summary>Evaluate only the first questions of a file, 1 or more; null, the default, for all.</summary>
    public int? MaxQuestions { get; set; }

    /// <summary>
    /// Questions that a process scores together, after which they are logged, 1 or more. Changes memory and speed, not results. Default 64.
    /// </summary>
    public int QuestionsPerBatch { get; set; } = 64;

    /// <summary>
    /// The processes that evaluate together; each makes the same calls with the same options, questions and model. Of every
    /// <see cref="QuestionsPerBatch"/> questions times their number each scores a part, and all get the result of one process, with the
    /// first one's time. The first one writes the log, which is that of one process to the byte, so that any number of processes goes on
    /// from it. Default <see cref="SingleProcess.Instance"/>.
    /// </summary>
    public IProcessGroup ProcessGroup { get; set; } = SingleProcess.Instance;

    /// <summary>
    /// A folder for a log per task, <c>{task}.jsonl</c>, with a line for each question. A run that finds a log continues after its last
    /// complete line. Null, the default, for no logs.
    /// </summary>
    public string? LogFolder { get; set; }

    /// <summary>Told after every batch; in a group each process is told about all of them. Default null.</summary>
    public IProgress<ZeroShotProgress>? Progress { get; set; }

    internal ZeroShotOptions Clone()
    {
        OptionCheck.RequireObject(Profile, nameof(Profile), "a ZeroShotProfile; leave it unset for the default");
        OptionCheck.RequireDefined(ContextOverflow, nameof(ContextOverflow));
        OptionCheck.RequireDefined(InvalidRows, nameof(InvalidRows));
        OptionCheck.RequireCountOrNull(MaxQuestions, nameof(MaxQuestions));
        OptionCheck.RequireCount(QuestionsPerBatch, nameof(QuestionsPerBatch));
        OptionCheck.RequireObject(ProcessGroup, nameof(ProcessGroup), "a group of processes, such as SingleProcess.Instance");
        OptionCheck.RequireTextOrNull(LogFolder, nameof(LogFolder), "a folder");
        return (ZeroShotOptions)MemberwiseClone();
    }
}
