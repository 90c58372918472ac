namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>One measured figure.</summary>
/// <param name="File">The golden file.</param>
/// <param name="Figure">What of it.</param>
/// <param name="Deviation">The largest distance of ours from the reference's.</param>
/// <param name="Tolerance">The reference's own distance from exact arithmetic; 0 where equality is asked for.</param>
/// <param name="IsRecorded">Whether the tolerance is recorded in tolerances.json; else it was found here, by the same computation in 64 bits.</param>
/// <param name="OwnError">The largest distance of ours from our own computation in 64 bits; null where there is none.</param>
internal sealed record ParityFigure(string File, string Figure, double Deviation, double Tolerance, bool IsRecorded = true, double? OwnError = null);
