using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Budgets beside <see cref="TrainerOptions.MaxSteps"/>. Of several that are set, the one used up first ends the training.
/// </summary>
public sealed class BudgetOptions
{
    // Larger numbers are not meant as budgets, and what is computed from them would overflow.
    private const long LargestSteps = 1_000_000_000_000, LargestTokens = 1_000_000_000_000_000_000;

    /// <summary>
    /// Passes over the training text or rows, above 0 and at most 1e9; the last step is filled up from the next pass. Default null.
    /// </summary>
    public double? MaxEpochs { get; set; }

    /// <summary>
    /// Tokens to train on, repetitions counted, 1 to 1e18. Where each row is a sequence of its own, rows count their mean length, prompt
    /// and learned padding included. Default null.
    /// </summary>
    public long? MaxTokens { get; set; }

    /// <summary>
    /// Floating point operations, above 0 and at most 1e30, counted as 6 x non-embedding parameters x tokens. Default null.
    /// </summary>
    public double? MaxFlops { get; set; }

    /// <summary>
    /// Seconds of training, above 0 and at most 1e9; validations count, reading and tokenizing the text do not. The learning rate then
    /// follows the share of the time used, so the schedule still ends at its floor. Such a run depends on the machine's speed and cannot be
    /// repeated bit for bit. Default null.
    /// </summary>
    public double? MaxSeconds { get; set; }

    /// <summary>
    /// Whether the training has no end of its own: it goes on until <see cref="TrainerOptions.CancellationToken"/> is cancelled, or until
    /// <see cref="ValidationOptions.EarlyStoppingPatience"/> is at its end, and then returns the model as under
    /// <see cref="CancelBehavior.ReturnBestSoFar"/>. With <see cref="CheckpointOptions.Folder"/> a checkpoint of the last step is written
    /// then, from which <see cref="CheckpointOptions.Resume"/> goes on. Excludes all other budgets and needs one of the two ends. As a
    /// schedule cannot decay towards an end that is not known, the learning rate stays at its peak after the warm-up of
    /// <see cref="OptimizerOptions.WarmupSteps"/>, here 100 steps by default. Default false.
    /// </summary>
    public bool UntilCancelled { get; set; }

    internal BudgetOptions Clone() => (BudgetOptions)MemberwiseClone();

    internal void Check(TrainerOptions options)
    {
        const string Group = nameof(TrainerOptions.Budget) + ".";
        const string Endless = "; for a training without an end set Budget.UntilCancelled";
        OptionCheck.Require(options.MaxSteps is null or (>= 1 and <= LargestSteps), nameof(TrainerOptions.MaxSteps), options.MaxSteps,
            "1 to 1000000000000, or null" + Endless);
        OptionCheck.Require(MaxEpochs is null or (> 0 and <= 1e9), Group + nameof(MaxEpochs), MaxEpochs,
            "above 0 and at most 1e9, or null" + Endless);
        OptionCheck.Require(MaxTokens is null or (>= 1 and <= LargestTokens), Group + nameof(MaxTokens), MaxTokens,
            "1 to 1000000000000000000, or null" + Endless);
        OptionCheck.Require(MaxFlops is null or (> 0 and <= 1e30), Group + nameof(MaxFlops), MaxFlops,
            "above 0 and at most 1e30, or null" + Endless);
        OptionCheck.Require(MaxSeconds is null or (> 0 and <= 1e9), Group + nameof(MaxSeconds), MaxSeconds,
            "above 0 and at most 1e9, or null" + Endless);
        if (!UntilCancelled)
            return;
        bool hasOther = options.MaxSteps is not null || MaxEpochs is not null || MaxTokens is not null || MaxFlops is not null
            || MaxSeconds is not null;
        OptionCheck.Require(!hasOther, Group + nameof(UntilCancelled), UntilCancelled, "false where another budget is set");
        bool canEnd = options.CancellationToken.CanBeCanceled || options.Validation.EarlyStoppingPatience is not null;
        OptionCheck.Require(canEnd, Group + nameof(UntilCancelled), UntilCancelled,
            "false without a CancellationToken or a Validation.EarlyStoppingPatience, as the training could never end");
    }
}
