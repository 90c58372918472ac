
namespace Microsoft.ML.MaskedDiffusion;

/// <summary>A document of a corpus.</summary>
/// <param name="Text">The text.</param>
/// <param name="Group">What figures are also given for apart, such as a month; null for none.</param>
public readonly record struct PerplexityDocument(string Text, string? Group = null);
