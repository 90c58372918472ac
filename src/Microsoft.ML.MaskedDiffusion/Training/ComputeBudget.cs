namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>How long to train: any of steps, epochs, tokens and FLOPs. Where several are given the smallest decides.</summary>
internal sealed record ComputeBudget
{
    public long? Steps { get; init; }

    public double? Epochs { get; init; }

    public long? Tokens { get; init; }

    /// <summary>Floating point operations, counted as 6 x non-embedding parameters x tokens.</summary>
    public double? Flops { get; init; }

    /// <summary>The number of optimizer steps, or null when no budget is given.</summary>
    public long? ToSteps(long nonEmbeddingParameters, int batchSize, double meanLength, long blockCount)
    {
        double tokensPerStep = batchSize * meanLength;
        long? steps = Steps;
        Shrink(ref steps, Epochs is { } epochs ? StepsForEpochs(epochs, blockCount, batchSize) : null);
        Shrink(ref steps, Tokens is { } tokens ? (long)Math.Max(1, Math.Ceiling(tokens / tokensPerStep)) : null);
        Shrink(ref steps, Flops is { } flops ? Math.Max(1, StepsForFlops(flops, nonEmbeddingParameters, batchSize, meanLength)) : null);
        return steps;
    }

    /// <summary>
    /// SMDM's formula: int(F / (6 N G length)), with N the parameters outside embeddings and G the sequences of a step.
    /// </summary>
    public static long StepsForFlops(double flops, long nonEmbeddingParameters, int batchSize, double meanLength) =>
        (long)(flops / (6.0 * nonEmbeddingParameters * batchSize * meanLength));

    /// <summary>Steps that show every block <paramref name="epochs"/> times, the last step filled up from the next epoch.</summary>
    public static long StepsForEpochs(double epochs, long blockCount, int batchSize) =>
        (long)Math.Max(1, Math.Ceiling(epochs * blockCount / batchSize));

    /// <summary>
    /// The mean length under SMDM's stochastic sequence lengths: with probability <paramref name="ratio"/> uniform on 1..length.
    /// </summary>
    public static double MeanLength(int length, double ratio) => length * (1 - ratio) + (1 + length) / 2.0 * ratio;

    private static void Shrink(ref long? steps, long? candidate)
    {
        if (candidate is { } value && (steps is null || value < steps))
            steps = value;
    }
}
