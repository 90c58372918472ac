namespace Microsoft.ML.MaskedDiffusion;

/// <summary>A text to fill.</summary>
/// <param name="Text">The text with gaps, as <see cref="GapSyntax"/> has them.</param>
/// <param name="Candidates">
/// Texts of which the most probable one is written into each gap; empty ones are not there. Null, the default: the model writes.
/// </param>
public readonly record struct GappedText(string Text, IReadOnlyList<string>? Candidates = null);
