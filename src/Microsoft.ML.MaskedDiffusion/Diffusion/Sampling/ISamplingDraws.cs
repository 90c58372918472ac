using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>The uniform draws of one row. Thread-safe.</summary>
internal interface ISamplingDraws
{
    /// <summary>The draw of a position in a step, for orders and counts.</summary>
    double OfPosition(int step, int position);

    /// <summary>Writes a draw of each token of the vocabulary, for the choice of a token.</summary>
    void OfTokens(int step, int position, Span<double> destination);
}

/// <summary>Draws that depend on the seed and the row alone.</summary>
internal sealed class CounterDraws(int seed, ulong row) : ISamplingDraws
{
    public double OfPosition(int step, int position) => Stream(step, position, RandomPurpose.Order).NextDouble();

    public void OfTokens(int step, int position, Span<double> destination)
    {
        CounterRandom random = Stream(step, position, RandomPurpose.Sampling);
        foreach (ref double draw in destination)
            draw = random.NextDouble();
    }

    private CounterRandom Stream(int step, int position, RandomPurpose purpose) =>
        new((ulong)seed, ContentKey.Combine(row, (ulong)step << 32 | (uint)position), purpose);
}
