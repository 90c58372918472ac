namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Dream's own sampler, Fast-dLLM's, and dLLM's of both. Its output at a position predicts the next one.</summary>
[TestClass]
public sealed class DreamSamplerTests() : PublishedSamplerTests("dream");
