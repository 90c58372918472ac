using Reproduce.Experiments.Guidance;
using Reproduce.Experiments.Infilling;
using Reproduce.Experiments.MathProblems;
using Reproduce.Experiments.MtBench;
using Reproduce.Experiments.Orders;
using Reproduce.Experiments.ReverseCurse;
using Reproduce.Experiments.ScalingLaw;
using Reproduce.Experiments.SpeedQuality;
using Reproduce.Experiments.Steps;
using Reproduce.Experiments.TemporalShift;

namespace Reproduce.Experiments;

/// <summary>All experiments.</summary>
internal static class Catalog
{
    public static IReadOnlyList<Experiment> All { get; } =
    [
        new ReverseCurseExperiment(),
        new GuidanceExperiment(),
        new SpeedQualityExperiment(),
        new ScalingLawExperiment(),
        new MathExperiment(),
        new OrdersExperiment(),
        new InfillingExperiment(),
        new TemporalShiftExperiment(),
        new StepsExperiment(),
        new MtBenchExperiment(),
    ];
}
