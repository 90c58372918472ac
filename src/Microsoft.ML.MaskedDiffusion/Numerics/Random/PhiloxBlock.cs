namespace Microsoft.ML.MaskedDiffusion.Numerics.Random;

/// <summary>The four words that one Philox counter gives.</summary>
internal readonly record struct PhiloxBlock(uint V0, uint V1, uint V2, uint V3);
