namespace Microsoft.ML.MaskedDiffusion.Diffusion.Generation.Trace;

/// <summary>A step of a trace.</summary>
/// <param name="Visible">Positions that are there, filled or masked.</param>
/// <param name="Changes">The positions that the step has filled or masked again, ascending, with what is there now.</param>
internal sealed record TraceStep(int Visible, IReadOnlyList<(int Position, GeneratedToken Token)> Changes);
