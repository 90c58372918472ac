using System.Numerics;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>Every mask once. The mask of l out of L tokens has the weight that sampling would give it on average, 1 / (l C(L, l)).</summary>
internal sealed class EnumerateEstimator() : LikelihoodEstimator("Enumerate")
{
    public const int MaxLength = 16;

    /// <summary>Masks of an answer of this length, or null when there are far too many.</summary>
    public static int? Count(int length) => length <= MaxLength ? (1 << length) - 1 : null;

    internal override MaskRound Plan(in RoundKey key)
    {
        if (Count(key.Length) is not { } count)
        {
            throw new ArgumentException(
                $"An answer of {key.Length} tokens has 2^{key.Length} - 1 masks; Enumerate takes at most {MaxLength} tokens. Use ExactCount, which samples masks of long answers.");
        }
        var masks = new AnswerMask[count];
        var weights = new double[count];
        for (int bits = 1; bits <= count; bits++)
        {
            int hidden = BitOperations.PopCount((uint)bits);
            masks[bits - 1] = new AnswerMask(Positions(bits, hidden));
            weights[bits - 1] = 1 / (hidden * Combinations.Count(key.Length, hidden));
        }
        return new WeightedRound(masks, weights);
    }

    private static int[] Positions(int bits, int count)
    {
        var positions = new int[count];
        for (int i = 0; i < count; i++, bits &= bits - 1)
            positions[i] = BitOperations.TrailingZeroCount(bits);
        return positions;
    }
}
