namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>LLaDA's own sampler, Fast-dLLM's, and dLLM's of both.</summary>
[TestClass]
public sealed class LLaDASamplerTests() : PublishedSamplerTests("llada");
