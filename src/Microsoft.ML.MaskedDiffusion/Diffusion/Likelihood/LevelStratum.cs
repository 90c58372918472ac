namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>Mask sizes drawn from with equal chances, and how many draws they get together.</summary>
internal sealed record LevelStratum(int[] Levels, int Draws);
