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

/// <summary>Verdicts on claims about a difference. It cannot be told where its interval holds 0.</summary>
internal static class Verdicts
{
    /// <summary>The verdict on the claim that the difference is above 0.</summary>
    public static Verdict IsAbove(Interval difference) =>
        difference.Low > 0 ? Verdict.Holds : difference.High < 0 ? Verdict.DoesNotHold : Verdict.CannotBeTold;

    /// <summary>The verdict on the claim that one figure is below another, which cannot be told where their intervals overlap.</summary>
    public static Verdict IsBelow(Interval one, Interval other) =>
        one.High < other.Low ? Verdict.Holds : one.Low > other.High ? Verdict.DoesNotHold : Verdict.CannotBeTold;

    /// <summary>The verdict on the claim that the difference is below 0.</summary>
    public static Verdict IsBelow(Interval difference) =>
        difference.High < 0 ? Verdict.Holds : difference.Low > 0 ? Verdict.DoesNotHold : Verdict.CannotBeTold;
}

/// <summary>A table: cells are texts, numbers or <see cref="Interval"/>s.</summary>
internal sealed record ResultTable(string Title, IReadOnlyList<string> Columns, IReadOnlyList<object[]> Rows);
