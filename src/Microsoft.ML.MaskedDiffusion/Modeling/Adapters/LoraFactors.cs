namespace Microsoft.ML.MaskedDiffusion.Modeling.Adapters;

/// <summary>The two factors of one layer's low-rank update, row by row.</summary>
/// <param name="Name">The layer's name.</param>
/// <param name="A">A [r, inputs].</param>
/// <param name="B">B [outputs, r].</param>
internal sealed record LoraFactors(string Name, float[] A, float[] B);
