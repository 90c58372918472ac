using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// The diffusion objective with the draws of the reference's run: for each micro batch its levels, its positions' numbers, and whether
/// prompts were dropped.
/// </summary>
internal sealed class RecordedNoise(IReadOnlyList<(float[] Levels, float[] Uniforms, bool DropsPrompts)> draws)
    : DiffusionObjective(Golden.TinyConfig(RotaryPrecision.BFloat16))
{
    private int _batch = -1;

    protected override bool DropsPrompts(TokenBatch batch) => draws[++_batch].DropsPrompts;

    protected override float Draw(TokenBatch batch, int row, NoiseLevels sampling, Span<float> uniforms)
    {
        draws[_batch].Uniforms.AsSpan(row * uniforms.Length, uniforms.Length).CopyTo(uniforms);
        return draws[_batch].Levels[row];
    }
}
