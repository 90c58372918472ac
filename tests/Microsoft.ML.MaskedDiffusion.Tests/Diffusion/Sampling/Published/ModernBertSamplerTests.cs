namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>dLLM's sampler of its ModernBERT models.</summary>
[TestClass]
public sealed class ModernBertSamplerTests() : PublishedSamplerTests("modernbert");
