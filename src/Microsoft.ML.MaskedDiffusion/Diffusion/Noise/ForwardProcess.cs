namespace Microsoft.ML.MaskedDiffusion.Diffusion.Noise;

/// <summary>
/// The noising half of masked diffusion: a sequence at level t in [0, 1) loses every token independently with probability
/// p = (1 - eps) t + eps, replaced by the mask token (Nie et al., 2024, section 2). Arithmetic in fp32, as the reference's.
/// </summary>
internal sealed class ForwardProcess(int maskTokenId)
{
    /// <summary>The least masking probability, eps.</summary>
    public const double Epsilon = 1e-3;

    /// <summary>The masking probability at a level.</summary>
    public static float Probability(float level) => (float)(1 - Epsilon) * level + (float)Epsilon;

    /// <summary>Evenly spaced levels: (offset + i / count) modulo 1.</summary>
    public static void Stratify(float offset, Span<float> levels)
    {
        for (int i = 0; i < levels.Length; i++)
            levels[i] = (offset + (float)i / levels.Length) % 1f;
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
