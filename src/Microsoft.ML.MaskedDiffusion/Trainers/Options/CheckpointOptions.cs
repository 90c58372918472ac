using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What a training keeps on disk, so that it can resume after a crash.</summary>
public sealed class CheckpointOptions
{
    /// <summary>
    /// A folder to write the run down in; made if missing, for one training at a time. A checkpoint takes 12 bytes per parameter, 4 more
    /// with validation and 4 more with <see cref="OptimizerOptions.EmaDecay"/>; the tokens of packed text are kept beside the checkpoints.
    /// One more is written at the end, and where the training is cancelled. Default null: none.
    /// </summary>
    public string? Folder { get; set; }

    /// <summary>Steps between checkpoints, at least 1; needs a <see cref="Folder"/>. Default null: by time only.</summary>
    public long? Interval { get; set; }

    /// <summary>
    /// Minutes between checkpoints, above 0; needs a <see cref="Folder"/>. With <see cref="Interval"/> whichever comes first. Default null:
    /// none by time where there is an interval, else 10 minutes.
    /// </summary>
    public double? Minutes { get; set; }

    /// <summary>The newest checkpoints kept, at least 1; older ones are removed. Default 3.</summary>
    public int Keep { get; set; } = 3;

    /// <summary>
    /// Whether to resume from the newest whole checkpoint in <see cref="Folder"/>; where there is none, training starts at the beginning. A
    /// damaged checkpoint is passed over, with a line in the log, for the one before. A run bounded by steps, epochs, tokens or FLOPs that
    /// was killed and resumed ends with the very bits of one that was not, on the same machine and number of threads; one with
    /// <see cref="BudgetOptions.MaxSeconds"/> goes on with the time left and cannot be repeated. A checkpoint of other options or data, or
    /// of a library that trained with other arithmetic, is refused; but of what is null among <see cref="TrainerOptions.Seed"/>,
    /// <see cref="ComputeOptions.MicroBatchSize"/> and <see cref="ComputeOptions.VirtualRanks"/> the checkpoint's is taken (a group of
    /// processes that cannot follow it goes on in an order of its own, and says so in the log). The tokens of packed text are taken from
    /// <see cref="TokenFolder"/>, and no text is read again: of the data only that is compared which can be known without reading (see
    /// docs/data.md). Rows of their own are read and tokenized again. Default false: a folder that holds checkpoints is then refused.
    /// </summary>
    public bool Resume { get; set; }

    /// <summary>
    /// A folder to keep the text's tokens in while training, in packed files, instead of in memory; made if missing, for one training at a
    /// time. Takes 2 bytes per token (4 from a vocabulary of 65,500), of which memory holds one file of 4 MB while they are written and a
    /// few blocks while training. Tokens that a training left there are replaced, except by a run with <see cref="Resume"/>; anything
    /// else in its folder "packed" is refused. Default null: the folder "tokens" in <see cref="Folder"/>, or memory where there is none.
    /// </summary>
    public string? TokenFolder { get; set; }

    /// <summary>
    /// What tells the data, validation data among them, from others, in any words: for views that cannot tell it without being read, such
    /// as those of <c>TrainTestSplit</c>. It is compared where tokens are found in <see cref="TokenFolder"/> and where a search is resumed,
    /// which are refused if it is another one. Default null: what is known of the views (see docs/data.md).
    /// </summary>
    public string? DataDescription { get; set; }

    /// <summary>Whether the tokens are in <see cref="TokenFolder"/> by now, where many trainings may read them at once.</summary>
    internal bool SharesTokens { get; set; }

    internal CheckpointOptions Clone() => (CheckpointOptions)MemberwiseClone();

    internal void Check()
    {
        const string Group = nameof(TrainerOptions.Checkpoints) + ".";
        const string NoFolder = "null without a Checkpoints.Folder";
        bool hasFolder = Folder is not null;
        OptionCheck.RequireTextOrNull(Folder, Group + nameof(Folder), "a folder");
        OptionCheck.RequireCountOrNull(Interval, Group + nameof(Interval));
        OptionCheck.Require(Interval is null || hasFolder, Group + nameof(Interval), Interval, NoFolder);
        OptionCheck.RequirePositiveOrNull(Minutes, Group + nameof(Minutes));
        OptionCheck.Require(Minutes is null || hasFolder, Group + nameof(Minutes), Minutes, NoFolder);
        OptionCheck.RequireCount(Keep, Group + nameof(Keep));
        OptionCheck.RequireTextOrNull(TokenFolder, Group + nameof(TokenFolder), "a folder");
        bool isSame = TokenFolder is not null && Folder is not null && FullPath(TokenFolder) == FullPath(Folder);
        OptionCheck.RequireFitting(!isSame, Group + nameof(TokenFolder), TokenFolder,
            "another folder than Checkpoints.Folder; null keeps the tokens in a folder of it");
        OptionCheck.RequireTextOrNull(DataDescription, Group + nameof(DataDescription), "a description of the data");
        OptionCheck.Require(!Resume || hasFolder, Group + nameof(Resume), Resume, "false without a Checkpoints.Folder");
    }

    private static string FullPath(string folder) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
}
