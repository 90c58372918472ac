namespace Microsoft.ML.MaskedDiffusion;

/// <summary>Where the sampling of a row, or of a block of it, stands when <see cref="TokensPerStep"/> decides about a step.</summary>
public readonly ref struct SamplingStep
{
    /// <summary>The number of the step, from 0.</summary>
    public int Step { get; init; }

    /// <summary>The steps planned, 1 or more.</summary>
    public int Steps { get; init; }

    /// <summary>Masked positions when the first step began.</summary>
    public int InitialCount { get; init; }

    /// <summary>Masked positions now, 1 or more.</summary>
    public int MaskedCount => Ranked.Length;

    /// <summary>
    /// The masked positions by priority: those that are filled first stand first. A rule that does not say that it uses predictions may be
    /// asked before the network has run: then the probabilities are NaN, and the positions stand in their order in the row.
    /// </summary>
    public ReadOnlySpan<TokenPrediction> Ranked { get; init; }

    /// <summary>
    /// The share of the masked tokens that this step fills on average where the noise level falls linearly from 1 to
    /// <paramref name="epsilon"/>: 1 - t[i+1] / t[i], computed in 32 bits as the published samplers do. 1 in the last step and after it.
    /// </summary>
    /// <param name="epsilon">The last noise level, above 0 and below 1.</param>
    public float UnmaskedShare(double epsilon)
    {
        if (Step + 1 >= Steps)
            return 1;
        return 1 - NoiseLevel(Step + 1, (float)epsilon) / NoiseLevel(Step, (float)epsilon);
    }

    // As torch.linspace: from both ends to the middle.
    private float NoiseLevel(int step, float epsilon)
    {
        float width = (epsilon - 1) / Steps;
        return step < Steps - Steps / 2 ? 1 + width * step : epsilon - width * (Steps - step);
    }
}
