using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Budgets beside <see cref="TrainerOptions.MaxSteps"/>. Of several that are set, the one used up first ends the training.
/// </summary>
public sealed class BudgetOptions
{
    /// <summary>Passes over the training text or rows, above 0; the last step is filled up from the next pass. Default null.</summary>
    public double? MaxEpochs { get; set; }

    /// <summary>
    /// Tokens to train on, repetitions counted, at least 1. Where each row is a sequence of its own, rows count their mean length, prompt
    /// and learned padding included. Default null.
    /// </summary>
    public long? MaxTokens { get; set; }

    /// <summary>Floating point operations, above 0, counted as 6 x non-embedding parameters x tokens. Default null.</summary>
    public double? MaxFlops { get; set; }

    /// <summary>
    /// Seconds of training, above 0; validations count, reading and tokenizing the text do not. The learning rate then follows the share of
    /// the time used, so the schedule still ends at its floor. Such a run depends on the machine's speed and cannot be repeated bit for
    /// bit. Default null.
    /// </summary>
    public double? MaxSeconds { get; set; }

    internal BudgetOptions Clone() => (BudgetOptions)MemberwiseClone();

    internal void Check()
    {
        const string Group = nameof(TrainerOptions.Budget) + ".";
        OptionCheck.RequirePositiveOrNull(MaxEpochs, Group + nameof(MaxEpochs));
        OptionCheck.RequireCountOrNull(MaxTokens, Group + nameof(MaxTokens));
        OptionCheck.RequirePositiveOrNull(MaxFlops, Group + nameof(MaxFlops));
        OptionCheck.RequirePositiveOrNull(MaxSeconds, Group + nameof(MaxSeconds));
    }
}
