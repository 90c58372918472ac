using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Noise;

/// <summary>
/// The noising half of masked diffusion: a sequence at level t in [0, 1) loses every token independently with probability
/// p = (1 - eps) t + eps, replaced by the mask token (Nie et al., 2024, section 2). Arithmetic in fp32, as the reference's.
/// </summary>
internal sealed class ForwardProcess(int maskTokenId, double epsilon = ForwardProcess.DefaultEpsilon)
{
    public const double DefaultEpsilon = 1e-3;

    private readonly float _slope = (float)(1 - epsilon);
    private readonly float _epsilon = (float)epsilon;

    /// <summary>The masking probability at a level.</summary>
    public float Probability(float level) => _slope * level + _epsilon;

    /// <summary>Evenly spaced levels: (offset + i / count) modulo 1.</summary>
    public static void Stratify(float offset, Span<float> levels)
    {
        for (int i = 0; i < levels.Length; i++)
            levels[i] = (offset + (float)i / levels.Length) % 1f;
    }

    /// <summary>
    /// Noises sequences with every row's own random stream: one draw for its level, then one for each position, so that a row's mask never
    /// depends on its neighbours. Under <see cref="NoiseLevels.Stratified"/> the first row's level decides the levels of all rows.
    /// </summary>
    /// <param name="tokens">Clean ids, row after row.</param>
    /// <param name="length">Length of a row.</param>
    /// <param name="randomOf">A fresh stream of a row.</param>
    /// <param name="sampling">How levels are drawn.</param>
    /// <param name="kept">Positions that are never masked (a prompt), as <paramref name="tokens"/>; empty for none.</param>
    public NoisyBatch Corrupt(
        ReadOnlySpan<long> tokens, int length, Func<int, CounterRandom> randomOf, NoiseLevels sampling = NoiseLevels.Independent,
        ReadOnlySpan<bool> kept = default)
    {
        int count = tokens.Length / length;
        var levels = new float[count];
        var uniforms = new float[tokens.Length];
        for (int row = 0; row < count; row++)
        {
            CounterRandom random = randomOf(row);
            levels[row] = random.NextSingle();
            for (int i = row * length; i < (row + 1) * length; i++)
                uniforms[i] = random.NextSingle();
        }
        if (sampling == NoiseLevels.Stratified)
            Stratify(levels[0], levels);
        return Corrupt(tokens, length, levels, uniforms, kept);
    }

    /// <summary>
    /// Noises sequences with given draws: a level for each row, a uniform number for each position, which is masked where that is below p.
    /// </summary>
    public NoisyBatch Corrupt(
        ReadOnlySpan<long> tokens, int length, ReadOnlySpan<float> levels, ReadOnlySpan<float> uniforms, ReadOnlySpan<bool> kept = default)
    {
        if (length < 1 || tokens.Length % length != 0 || levels.Length * length != tokens.Length || uniforms.Length != tokens.Length)
        {
            throw new ArgumentException($"{tokens.Length} tokens in rows of {length} need a noise level for each row and a uniform draw " +
                $"for each token, not {levels.Length} and {uniforms.Length}.");
        }
        if (!kept.IsEmpty && kept.Length != tokens.Length)
            throw new ArgumentException($"{kept.Length} marks of kept positions were given for {tokens.Length} tokens.", nameof(kept));
        long[] noisy = tokens.ToArray();
        var probabilities = new float[levels.Length];
        var positions = new List<long>(tokens.Length / 2);
        for (int row = 0; row < levels.Length; row++)
        {
            float probability = probabilities[row] = Probability(levels[row]);
            for (int i = row * length; i < (row + 1) * length; i++)
            {
                if (!(uniforms[i] < probability) || (!kept.IsEmpty && kept[i]))
                    continue;
                noisy[i] = maskTokenId;
                positions.Add(i);
            }
        }
        long[] masked = [.. positions], targets = new long[masked.Length];
        for (int i = 0; i < masked.Length; i++)
            targets[i] = tokens[(int)masked[i]];
        return new NoisyBatch
        {
            Count = levels.Length,
            Length = length,
            Tokens = noisy,
            Probabilities = probabilities,
            MaskedPositions = masked,
            Targets = targets,
        };
    }
}
