namespace Microsoft.ML.MaskedDiffusion.Training.Optimizers;

/// <summary>
/// Linear warm-up from zero, then a cosine down to a floor, counted in iterations (micro batches) as SMDM's training scripts count.
/// </summary>
/// <param name="Peak">The learning rate at the end of the warm-up.</param>
/// <param name="Minimum">The floor, reached at <paramref name="DecayIterations"/>.</param>
/// <param name="WarmupIterations">Iterations of warm-up: warm-up steps times accumulation.</param>
/// <param name="DecayIterations">Iteration at which the cosine ends: steps times accumulation.</param>
internal readonly record struct LearningRateSchedule(double Peak, double Minimum, double WarmupIterations, double DecayIterations)
{
    /// <summary>The schedule of a run counted in optimizer steps of <paramref name="accumulation"/> micro batches each.</summary>
    public static LearningRateSchedule FromSteps(double peak, double minimumRatio, double warmupSteps, double steps, int accumulation) =>
        new(peak, peak * minimumRatio, warmupSteps * accumulation, steps * accumulation);

    /// <summary>
    /// The learning rate after <paramref name="iteration"/> finished iterations; At(0) is 0 when there is a warm-up, as published.
    /// </summary>
    public double At(double iteration)
    {
        if (iteration < WarmupIterations)
            return Peak * iteration / WarmupIterations;
        if (iteration > DecayIterations)
            return Minimum;
        double span = DecayIterations - WarmupIterations;
        double ratio = span > 0 ? (iteration - WarmupIterations) / span : 0;
        return Minimum + 0.5 * (1 + Math.Cos(Math.PI * ratio)) * (Peak - Minimum);
    }

    /// <summary>Of an optimizer step (from 0): the rate of the step's last micro batch, as published.</summary>
    public double AtStep(long step, int accumulation) => At(step * accumulation + accumulation - 1);

    /// <summary>The warm-up of a run without a known end: SMDM's shortest.</summary>
    public const int EndlessWarmupSteps = 100;

    /// <summary>
    /// Ours where none is given: as published, a hundredth of the run and at least 100 steps, for runs of 1,000 steps and more; a tenth of
    /// the run for shorter ones.
    /// </summary>
    public static double DefaultWarmupSteps(double steps) => Math.Max(Math.Min(100, Math.Floor(steps / 10)), Math.Floor(steps / 100));
}
