using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>All that the masks of one round depend on.</summary>
/// <param name="Length">Answer tokens L.</param>
/// <param name="Samples">Masks to draw.</param>
/// <param name="RoundSize">Draws of one comb.</param>
/// <param name="Order">Order of the chain rule, or null.</param>
/// <param name="Seed">The user's seed.</param>
/// <param name="Key">The request's key.</param>
/// <param name="Round">Number of the round under an adaptive budget.</param>
internal readonly record struct RoundKey(int Length, int Samples, int RoundSize, IReadOnlyList<int>? Order, ulong Seed, ulong Key, int Round)
{
    /// <summary>The stream of one sample's level and positions: the same for answers of any length, so options share it.</summary>
    public CounterRandom Sample(int index) => Stream(index, RandomPurpose.Likelihood);

    /// <summary>The stream that shifts comb number <paramref name="index"/>.</summary>
    public CounterRandom Comb(int index) => Stream(index, RandomPurpose.NoiseLevel);

    private CounterRandom Stream(int index, RandomPurpose purpose) => new(Seed, ContentKey.Combine(Key, (ulong)Round << 32 | (uint)index), purpose);
}
