namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>One row a token: those before it in the order are visible, it and the rest are hidden.</summary>
internal sealed class ChainRuleEstimator() : LikelihoodEstimator("ChainRule")
{
    internal override MaskRound Plan(in RoundKey key)
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
