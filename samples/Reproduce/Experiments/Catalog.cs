using Reproduce.Experiments.Infilling;
using Reproduce.Experiments.ReverseCurse;
using Reproduce.Experiments.ScalingLaw;
using Reproduce.Experiments.Steps;
using Reproduce.Experiments.TemporalShift;

namespace Reproduce.Experiments;

/// <summary>All experiments.</summary>
internal static class Catalog
{
    public static IReadOnlyList<Experiment> All { get; } =
    [
        new InfillingExperiment(), new ReverseCurseExperiment(), new ScalingLawExperiment(), new StepsExperiment(),
        new TemporalShiftExperiment(),
    ];
}
