using Microsoft.ML.MaskedDiffusion.Training;

namespace Microsoft.ML.MaskedDiffusion.Search;

/// <summary>How long trials are trained, in FLOPs. Not thread-safe.</summary>
internal sealed class TrialLengths(SearchOptions options, TrialValues values)
{
    // A trial is asked about many times and its options do not change.
    private readonly Dictionary<int, (double Whole, double Step)> _own = [];

    /// <summary>The longest training of a trial with the trainer's options as they are.</summary>
    public double Flops { get; } = Of(options.Trainer).Whole;

    /// <summary>The options of a trial's trainer.</summary>
    public TrainerOptions OptionsOf(int trial)
    {
        TrainerOptions trainer = values.Apply(trial);
        if (options.EqualFlops)
            (trainer.MaxSteps, trainer.Budget) = (null, new BudgetOptions { MaxFlops = Flops });
        return trainer;
    }

    /// <summary>The longest training of a trial with its own values.</summary>
    public double FlopsOf(int trial) => Own(trial).Whole;

    /// <summary>The most that a trial can cost if it is trained to its end, which its measurement may say exactly later.</summary>
    public double MostFlopsOf(int trial)
    {
        // Whole steps may be a step more.
        (double whole, double step) = Own(trial);
        return whole + step;
    }

    private (double Whole, double Step) Own(int trial)
    {
        if (!_own.TryGetValue(trial, out (double Whole, double Step) own))
            _own.Add(trial, own = Of(OptionsOf(trial)));
        return own;
    }

    private static (double Whole, double Step) Of(TrainerOptions trainer)
    {
        TransformerConfig network = trainer.InitialModel?.Config ?? trainer.Network;
        double flopsOfToken = network.TrainingFlopsPerToken;
        // Rows of their own count as whole contexts here, the most that they can have: how long they are is known when they are read.
        double length = ComputeBudget.MeanLength(network.ContextLength, trainer.Noise.StochasticLengthRatio);
        double flopsOfStep = flopsOfToken * trainer.BatchSize * length;
        double? bySteps = trainer.MaxSteps * flopsOfStep, byTokens = flopsOfToken * trainer.Budget.MaxTokens;
        double?[] given = [bySteps, byTokens, trainer.Budget.MaxFlops];
        return (given.Min() ?? MaskedDiffusionTrainer.DefaultSteps * flopsOfStep, flopsOfStep);
    }
}
