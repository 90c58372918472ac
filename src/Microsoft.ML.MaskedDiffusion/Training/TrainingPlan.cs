using Microsoft.ML.MaskedDiffusion.Training.Optimizers;

namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>
/// How far a run has come and which learning rate that means. Under a wall-clock budget the number of steps is not known: it is then
/// estimated at every step as steps done / share of the time used, so that the schedule ends when the time does.
/// </summary>
internal sealed class TrainingPlan(TrainingSettings settings)
{
    /// <summary>
    /// Steps planned after <paramref name="step"/> finished ones, from the times so far; at least one more than done while the run goes on.
    /// Null where the run goes on until it is cancelled.
    /// </summary>
    public double? PlannedSteps(long step, TrainingClock clock)
    {
        if (settings.MaxSeconds is null)
            return settings.MaxSteps;
        double planned = settings.MaxSteps ?? double.PositiveInfinity;
        double share = Share(clock);
        return share <= 0 || step == 0 ? Math.Min(planned, 1000) : Math.Min(planned, Math.Max(step / share, step + 1));
    }

    /// <summary>The share of the run that is over after so many steps, 0 to 1; 0 where the run has no end.</summary>
    public double ShareOver(long step, TrainingClock clock) =>
        PlannedSteps(step, clock) is { } planned ? Math.Min(1, step / planned) : 0;

    public bool IsOver(long step, TrainingClock clock)
    {
        if (step >= settings.MaxSteps)
            return true;
        // One step is always taken; another only if it is likely to fit.
        return settings.MaxSeconds is not null && step > 0 && Share(clock) * (step + 1) > step;
    }

    public double LearningRate(long step, TrainingClock clock)
    {
        if (PlannedSteps(step, clock) is not { } planned)
            return Constant(step);
        double warmup = Math.Min(settings.WarmupSteps ?? LearningRateSchedule.DefaultWarmupSteps(planned), planned);
        return LearningRateSchedule.FromSteps(settings.LearningRate, settings.MinLearningRateRatio, warmup, planned, settings.Accumulation)
            .AtStep(step, settings.Accumulation);
    }

    // A decay has to know the end: without one, the rate stays at its peak.
    private double Constant(long step)
    {
        double warmup = settings.WarmupSteps ?? LearningRateSchedule.EndlessWarmupSteps;
        return LearningRateSchedule.FromSteps(settings.LearningRate, 1, warmup, warmup, settings.Accumulation)
            .AtStep(step, settings.Accumulation);
    }

    // The closing validation has to fit into the time as well; it will take what the last one took.
    private double Share(TrainingClock clock) =>
        clock.Elapsed.TotalSeconds / Math.Max(settings.MaxSeconds!.Value - clock.ValidationSeconds, settings.MaxSeconds.Value / 2);
}
