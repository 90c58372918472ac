using System.Globalization;
using Mdm.Data;
using Mdm.Settings;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>The trainer's options where none are given: those of the recipe for the minutes and the text.</summary>
internal static class TrainingDefaults
{
    private const double Minutes = 5;
    private const double MostMinutes = 1e7;

    /// <summary>The recipe's options. A budget that is given takes the place of the recipe's minutes.</summary>
    /// <param name="given">What is given, with the network that will be trained.</param>
    /// <param name="data">The text, whose size decides about the vocabulary; null where it is no text.</param>
    /// <param name="text">Which files of a folder are read.</param>
    /// <param name="group">The processes that train together; null where each trains by itself.</param>
    /// <param name="cores">The cores that decide about the network; null for those of the machine, or of the group.</param>
    /// <exception cref="UsageException">The budget's minutes are none.</exception>
    public static TrainerOptions For(
        TrainerOptions given, string? data, TextFilesOptions text, IProcessGroup? group, int? cores = null)
    {
        double? seconds = given.Budget.MaxSeconds;
        if (seconds is not (null or (> 0 and <= 60 * MostMinutes)))
        {
            throw new UsageException(string.Create(CultureInfo.InvariantCulture,
                $"--minutes is {seconds / 60} ({seconds} in Trainer.Budget.MaxSeconds); it must be above 0 and at most {MostMinutes}."));
        }
        TrainerOptions options = TrainingRecipes.Fast(
            seconds / 60 ?? Minutes, cores, TextData.ByteCount(data, text), processGroup: group);
        // The recipe's rule for its own networks: the rate falls as the width grows.
        options.LearningRate *= Math.Min(1, (double)options.Network.EmbeddingSize / Math.Max(1, given.Network.EmbeddingSize));
        bool hasOther = given.MaxSteps is not null || given.Budget.MaxEpochs is not null || given.Budget.MaxTokens is not null
            || given.Budget.MaxFlops is not null || given.Budget.UntilCancelled;
        if (hasOther && seconds is null)
            options.Budget = new BudgetOptions();
        (options.Seed, options.CancelBehavior) = (1, CancelBehavior.ReturnBestSoFar);
        return options;
    }
}
