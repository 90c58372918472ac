using System.Numerics;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>The chain rule: one row for each token. The tokens before it in the order are visible; it and the rest are hidden.</summary>
internal sealed class ChainRuleMethod() : MaskMethod("ChainRule")
{
    public override MaskRound Plan(in RoundKey key)
    {
        int[] order = key.Order is null ? [.. Enumerable.Range(0, key.Length)] : [.. key.Order];
        var masks = new AnswerMask[order.Length];
        for (int j = 0; j < order.Length; j++)
        {
            int[] hidden = order[j..];
            Array.Sort(hidden);
            masks[j] = new AnswerMask(hidden, [order[j]]);
        }
        var weights = new double[order.Length];
        Array.Fill(weights, 1);
        return new WeightedRound(masks, weights);
    }
}

/// <summary>Every mask once. A mask of l out of L tokens has the weight that sampling would give it on average, 1 / (l C(L, l)).</summary>
internal sealed class EnumerateMethod() : MaskMethod("Enumerate")
{
    public const int MaxLength = 16;

    /// <summary>The number of masks of an answer of this length, or null when there are far too many.</summary>
    public static int? Count(int length) => length <= MaxLength ? (1 << length) - 1 : null;

    public override MaskRound Plan(in RoundKey key)
    {
        if (Count(key.Length) is not { } count)
        {
            throw new ArgumentException(
                $"An answer of {key.Length} tokens has 2^{key.Length} - 1 masks; Enumerate takes at most {MaxLength} tokens. "
                + "Use ExactCount, which samples masks of long answers.");
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
        for (int i = 0; i < count; i++)
        {
            positions[i] = BitOperations.TrailingZeroCount(bits);
            bits &= bits - 1;
        }
        return positions;
    }
}
