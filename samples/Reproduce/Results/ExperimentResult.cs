using OxyPlot;

namespace Reproduce.Results;

/// <summary>What came out of an experiment.</summary>
/// <param name="Claims">The published claims, each with what was measured here.</param>
/// <param name="Tables">The figures.</param>
/// <param name="Settings">Everything that was chosen: networks, steps, learning rates, samplers.</param>
/// <param name="Plot">The picture.</param>
internal sealed record ExperimentResult(
    IReadOnlyList<ClaimResult> Claims, IReadOnlyList<ResultTable> Tables, object Settings, PlotModel Plot);

/// <summary>A published claim beside what was measured here.</summary>
internal sealed record ClaimResult(string Claim, string Published, string Measured, Verdict Verdict);

/// <summary>Whether a claim came out.</summary>
internal enum Verdict
{
    Holds,
    HoldsInPart,
    DoesNotHold,

    /// <summary>The models are not good enough for the question, or the difference is within the error.</summary>
    CannotBeTold,
}

/// <summary>A table: cells are texts, numbers or <see cref="Interval"/>s.</summary>
internal sealed record ResultTable(string Title, IReadOnlyList<string> Columns, IReadOnlyList<object[]> Rows);
