using Mdm.Data;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>The trainer's options where none are given: those of the recipe for the minutes and the text.</summary>
internal static class TrainingDefaults
{
    private const double Minutes = 5;

    /// <summary>The recipe's options. A budget that is given takes the place of the recipe's minutes.</summary>
    /// <param name="given">What is given.</param>
    /// <param name="data">The text, whose size decides about the vocabulary; null where it is no text.</param>
    /// <param name="group">The processes that train together; null where each trains by itself.</param>
    public static TrainerOptions For(TrainerOptions given, string? data, IProcessGroup? group)
    {
        double? seconds = given.Budget.MaxSeconds;
        TrainerOptions options = TrainingRecipes.Fast(
            seconds / 60 ?? Minutes, corpusBytes: TextData.ByteCount(data), processGroup: group);
        bool hasOther = given.MaxSteps is not null || given.Budget.MaxEpochs is not null || given.Budget.MaxTokens is not null
            || given.Budget.MaxFlops is not null || given.Budget.UntilCancelled;
        if (hasOther && seconds is null)
            options.Budget = new BudgetOptions();
        (options.Seed, options.CancelBehavior) = (1, CancelBehavior.ReturnBestSoFar);
        return options;
    }
}
