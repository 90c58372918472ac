
namespace Microsoft.ML.MaskedDiffusion.Transforms.Likelihood;

/// <summary>A text to score, and what stands before it; no context where the text is a document of its own.</summary>
internal readonly record struct ScoredText(string? Context, string Text);
