namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>An exact round: a fixed weighted sum.</summary>
internal sealed class WeightedRound(IReadOnlyList<AnswerMask> masks, double[] weights) : MaskRound(masks)
{
    public override bool IsExact => true;

    public override (double Value, double Variance) Combine(ReadOnlySpan<double> losses)
    {
        double sum = 0;
        for (int i = 0; i < losses.Length; i++)
            sum += weights[i] * losses[i];
        return (sum, 0);
    }
}
