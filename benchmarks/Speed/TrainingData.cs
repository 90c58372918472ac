using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Speed;

/// <summary>Batches of random tokens with stratified noise levels, the same ones in every run.</summary>
/// <param name="config">The network's shape.</param>
/// <param name="rows">Sequences of a batch.</param>
/// <param name="length">Tokens of a sequence.</param>
/// <param name="level">The noise level of all rows; null for one that is drawn.</param>
internal sealed class TrainingData(TransformerConfig config, int rows, int length, float? level = null)
{
    private readonly ForwardProcess _process = new(config.MaskTokenId);

    public NoisyBatch Batch(int step)
    {
        var random = new CounterRandom(1, (ulong)step, RandomPurpose.Example);
        long[] tokens = new long[rows * length];
        for (int i = 0; i < tokens.Length; i++)
            tokens[i] = random.NextInt32(config.VocabularySize);
        float[] levels = new float[rows];
        ForwardProcess.Stratify(random.NextSingle(), levels);
        if (level is { } fixedLevel)
            Array.Fill(levels, fixedLevel);
        float[] uniforms = new float[tokens.Length];
        for (int i = 0; i < uniforms.Length; i++)
            uniforms[i] = random.NextSingle();
        return _process.Corrupt(tokens, length, levels, uniforms);
    }
}
