namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>dLLM's sampler of its A2D models, also for networks that predict the next position.</summary>
[TestClass]
public sealed class A2DSamplerTests() : PublishedSamplerTests("a2d-qwen3");
