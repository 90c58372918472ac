namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>The mean of loss / t over combs of levels t.</summary>
internal sealed class CombRound(IReadOnlyList<AnswerMask> masks, float[] levels, int roundSize, int length) : MaskRound(masks)
{
    public override bool IsExact => false;

    public override (double Value, double Variance) Combine(ReadOnlySpan<double> losses)
    {
        double sum = 0;
        // A level so small that nothing is hidden says nothing: 0, also where the level itself is 0.
        for (int i = 0; i < losses.Length; i++)
            sum += Masks[i].Hidden.Length == 0 ? 0 : losses[i] / levels[i];
        int[] hidden = [.. Masks.Select(mask => mask.Hidden.Length)];
        return (sum / losses.Length, CombVariance.Of(hidden, losses, length, roundSize));
    }
}
