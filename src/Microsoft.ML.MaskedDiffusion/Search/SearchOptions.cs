using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.MaskedDiffusion.ProcessGroups;
using Microsoft.ML.MaskedDiffusion.Trainers;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>The settings of a search for a trainer's options. Copied and checked when the search begins.</summary>
/// <remarks>Not thread-safe while it is being changed.</remarks>
public sealed class SearchOptions
{
    /// <summary>
    /// The trainer's options; those of <see cref="Space"/> are replaced in each trial. Its <see cref="TrainerOptions.MaxSteps"/>,
    /// <see cref="BudgetOptions.MaxTokens"/> or <see cref="BudgetOptions.MaxFlops"/> is the budget of a trial. What a search has of its own
    /// must be left unset: a validation set or tokens, a checkpoint or token folder, a process group of several, a cancellation token and
    /// progress. <see cref="TrainerOptions.CancelBehavior"/> is not used. Default: the trainer's defaults.
    /// </summary>
    public TrainerOptions Trainer { get; set; } = new();

    /// <summary>What is varied, at least one option. Default: <see cref="SearchSpace.Default"/>.</summary>
    public SearchSpace Space { get; set; } = SearchSpace.Default();

    /// <summary>What models are compared by, such as <see cref="SearchMetric.BitsPerByte"/>. Must be set. Default null.</summary>
    public SearchMetric? Metric { get; set; }

    /// <summary>How values are drawn. Default <see cref="SearchSampler.QuasiRandom"/>.</summary>
    public SearchSampler Sampler { get; set; } = SearchSampler.QuasiRandom;

    /// <summary>Trials to begin, 1 to 10,000. Default 16.</summary>
    public int MaxTrials { get; set; } = 16;

    /// <summary>
    /// Seconds after which no training is begun, above 0; an interrupted search counts its earlier seconds. They are the sum over all
    /// trials, so that n processes use them up about n times as fast; what they have measured before its turn then is not used. Default
    /// null.
    /// </summary>
    public double? MaxSeconds { get; set; }

    /// <summary>
    /// Floating point operations of all trials, above 0, counted as 6 x non-embedding parameters x tokens: no training is begun that would
    /// exceed them, except the first. A training counts the FLOPs of its own options until it is measured, and rows of their own count as
    /// whole contexts then. Several processes train fewer trials at once where these may end the search. Needs a
    /// <see cref="TrainerOptions.MaxSteps"/>, <see cref="BudgetOptions.MaxTokens"/> or <see cref="BudgetOptions.MaxFlops"/> beside a
    /// <see cref="BudgetOptions.MaxEpochs"/>. Default null.
    /// </summary>
    public double? MaxFlops { get; set; }

    /// <summary>
    /// Whether trials are as long as <see cref="Trainer"/>'s budget in FLOPs, so that a larger network trains on fewer tokens and models
    /// are compared at equal cost. Otherwise each has the budget as it is, such as equal steps. Where each row is a sequence of its own
    /// (<see cref="RowOptions.PackDocuments"/>), the budget must be in tokens or FLOPs alone. Default true.
    /// </summary>
    public bool EqualFlops { get; set; } = true;

    /// <summary>
    /// How often models are measured while they train: successive halving (Jamieson and Talwalkar, 2016; asynchronous as in Li et al.,
    /// 2020). Of the trials that have reached a rung the best 1 / <see cref="Reduction"/> go on to the next, which is as many times as
    /// long; the last rung is the whole budget. A model in its <see cref="TrainerOptions.WarmStart"/> is no masked diffusion model yet, so
    /// all rungs lie behind the longest one that a trial may have: the first rung has that share of the budget and 1 / 9 of the rest, with
    /// the defaults. A trial that goes on does so from its checkpoint, as if it had never stopped. 1 to 8; 1 trains every trial to its end.
    /// Default 3.
    /// </summary>
    public int Rungs { get; set; } = 3;

    /// <summary>How many trials a rung has for each that goes on, 2 to 10. Default 3.</summary>
    public int Reduction { get; set; } = 3;

    /// <summary>
    /// A folder for the log (search.jsonl), the checkpoints of trials that may still go on (trials) and the tokens that trials share
    /// (trials/tokens, 2 or 4 bytes each), and the best model so far (a model.zip in best); made if missing, for one search at a time.
    /// Several processes keep here too what they have measured before its turn.
    /// Default null: a temporary folder, which is deleted.
    /// </summary>
    public string? Folder { get; set; }

    /// <summary>
    /// Whether to go on with the search in <see cref="Folder"/>, which then trains what it would have trained next. Default false: a folder
    /// with a search is refused.
    /// </summary>
    public bool Resume { get; set; }

    /// <summary>The seed of the trials' values, and of their trainings where <see cref="Trainer"/> has none. Default 0.</summary>
    public int Seed { get; set; }

    /// <summary>
    /// Receives progress: each measurement, and the trainings' own progress in between. Of several processes each reports its own
    /// trainings, and all report each measurement when it gets its line in the log. Default null.
    /// </summary>
    public IProgress<SearchProgress>? Progress { get; set; }

    /// <summary>
    /// Ends the search within a step; that of several processes when the others have measured what they have begun together, which takes
    /// as long as the longest training of these. It then gives the best so far, or throws where no model has been measured. Default: none.
    /// </summary>
    public CancellationToken CancellationToken { get; set; }

    /// <summary>
    /// The processes that search together, each of which calls this with the same options and data: they train different trials at once,
    /// each trial on one process, and end with the log, the best model and the trials of one process, but for the seconds. With more than
    /// one, <see cref="Folder"/> must be on a drive that all share. Where one fails, all throw. An interrupted search goes on with any
    /// number of processes. Default <see cref="SingleProcess"/>.
    /// </summary>
    public IProcessGroup ProcessGroup { get; set; } = SingleProcess.Instance;

    /// <summary>The longest warm start that a trial may have, as a share of its budget.</summary>
    internal double LongestWarmStart =>
        Space.Dimensions.FirstOrDefault(dimension => dimension.Option == nameof(TrainerOptions.WarmStart)) is { } varied
            ? varied.Extremes().Max(share => (double)share!) : Trainer.WarmStart;

    internal SearchOptions Clone()
    {
        var copy = (SearchOptions)MemberwiseClone();
        copy.Trainer = Trainer?.Clone()!;
        copy.Space = Space?.Clone()!;
        return copy;
    }

    /// <summary>Checks the options on all ranks: where they are wrong on one, none searches.</summary>
    internal void Check()
    {
        OptionCheck.RequireObject(ProcessGroup, nameof(ProcessGroup), "a group of processes, such as SingleProcess.Instance");
        ProcessGroup.Together(CheckOwn);
    }

    private void CheckOwn()
    {
        OptionCheck.RequireObject(Trainer, nameof(Trainer), "the options of a trainer");
        OptionCheck.RequireObject(Space, nameof(Space), "a search space, such as SearchSpace.Default()");
        OptionCheck.Require(Space.Dimensions.Count >= 1, nameof(Space), Space.Dimensions.Count, "a space of at least one option");
        OptionCheck.Require(Sampler != SearchSampler.QuasiRandom || Space.Dimensions.Count <= Search.SobolSequence.MostDimensions,
            nameof(Space), Space.Dimensions.Count,
            $"a space of at most {Search.SobolSequence.MostDimensions} options, or set Sampler to Random");
        OptionCheck.RequireObject(Metric, nameof(Metric), "set, for example to SearchMetric.BitsPerByte(validationSet)");
        OptionCheck.RequireDefined(Sampler, nameof(Sampler));
        OptionCheck.Require(MaxTrials is >= 1 and <= 10_000, nameof(MaxTrials), MaxTrials, "1 to 10000");
        OptionCheck.RequirePositiveOrNull(MaxSeconds, nameof(MaxSeconds));
        OptionCheck.RequirePositiveOrNull(MaxFlops, nameof(MaxFlops));
        OptionCheck.Require(Rungs is >= 1 and <= 8, nameof(Rungs), Rungs, "1 to 8");
        OptionCheck.Require(Reduction is >= 2 and <= 10, nameof(Reduction), Reduction, "2 to 10");
        OptionCheck.RequireTextOrNull(Folder, nameof(Folder), "a folder");
        OptionCheck.Require(Folder is not null || ProcessGroup.Size == 1, nameof(Folder), Folder,
            $"a folder that the {ProcessGroup.Size} processes of ProcessGroup share");
        OptionCheck.Require(!Resume || Folder is not null, nameof(Resume), Resume, "false without a Folder");
        CheckTrainer();
    }

    private void CheckTrainer()
    {
        const string Group = nameof(Trainer) + ".";
        const string Measures = ": a search measures its Metric";
        const string Length = ": a trial's length must be known; set MaxSteps or Budget.MaxFlops";
        TrainerOptionsCheck.Check(Trainer, autoregressive: false);
        BudgetOptions budget = Trainer.Budget;
        OptionCheck.Require(budget.MaxSeconds is null, Group + "Budget.MaxSeconds", budget.MaxSeconds, "null" + Length);
        OptionCheck.Require(!budget.UntilCancelled, Group + "Budget.UntilCancelled", budget.UntilCancelled, "false" + Length);
        OptionCheck.Require(budget.MaxEpochs is null || !EqualFlops, Group + "Budget.MaxEpochs", budget.MaxEpochs,
            "null with EqualFlops: the FLOPs of an epoch are not known before the text is read; set MaxSteps or Budget.MaxFlops");
        bool hasFlops = Trainer.MaxSteps is not null || budget.MaxTokens is not null || budget.MaxFlops is not null;
        OptionCheck.Require(budget.MaxEpochs is null || MaxFlops is null || hasFlops, Group + "Budget.MaxEpochs", budget.MaxEpochs,
            "null with MaxFlops: the FLOPs of an epoch are not known before the text is read; set Trainer.MaxSteps or "
            + "Trainer.Budget.MaxFlops beside it, the most that a trial may take");
        bool isByTokens = Trainer.MaxSteps is null && (budget.MaxTokens is not null || budget.MaxFlops is not null);
        OptionCheck.Require(!EqualFlops || Trainer.Rows.PacksDocuments || isByTokens, nameof(EqualFlops), EqualFlops,
            "false where each row is a sequence of its own and Trainer's budget is in steps: the FLOPs of a step are not known before the "
            + "rows are read. Or set Trainer.Budget.MaxFlops in place of Trainer.MaxSteps");
        OptionCheck.Require(Trainer.Checkpoints.Folder is null, Group + "Checkpoints.Folder", Trainer.Checkpoints.Folder,
            "null: a search keeps its own checkpoints in its Folder");
        OptionCheck.Require(Trainer.Checkpoints.TokenFolder is null, Group + "Checkpoints.TokenFolder", Trainer.Checkpoints.TokenFolder,
            "null: a search keeps the tokens in its Folder");
        OptionCheck.Require(Trainer.ProcessGroup.Size == 1, Group + nameof(Trainer.ProcessGroup), Trainer.ProcessGroup.Size,
            "a single process: a search hands whole trials to the ranks of its own ProcessGroup");
        OptionCheck.Require(Trainer.ValidationSet is null, Group + nameof(Trainer.ValidationSet), Trainer.ValidationSet,
            "null" + Measures);
        OptionCheck.Require(Trainer.Validation.Tokens is null, Group + "Validation.Tokens", Trainer.Validation.Tokens, "null" + Measures);
        OptionCheck.Require(!Trainer.CancellationToken.CanBeCanceled, Group + nameof(Trainer.CancellationToken),
            "set", "left unset: set the CancellationToken of the search, which ends its trainings too");
        OptionCheck.Require(Trainer.Progress is null, Group + nameof(Trainer.Progress), Trainer.Progress,
            "null: set the Progress of the search, which also receives that of its trainings");
    }
}
