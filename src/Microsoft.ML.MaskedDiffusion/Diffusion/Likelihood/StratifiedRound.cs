namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>Some masks counted with fixed weights, the others drawn in strata, at least two independent draws in each.</summary>
internal sealed class StratifiedRound(IReadOnlyList<AnswerMask> masks, int length, double[] fixedWeights, IReadOnlyList<(double Weight, int Count)> strata)
    : MaskRound(masks)
{
    public override bool IsExact => false;

    public override (double Value, double Variance) Combine(ReadOnlySpan<double> losses)
    {
        double value = 0, variance = 0;
        for (int i = 0; i < fixedWeights.Length; i++)
            value += fixedWeights[i] * losses[i];
        int first = fixedWeights.Length;
        foreach ((double weight, int count) in strata)
        {
            var values = new double[count];
            for (int i = 0; i < count; i++)
                values[i] = losses[first + i] * length / Masks[first + i].Hidden.Length;
            double mean = values.Average();
            double spread = values.Sum(x => (x - mean) * (x - mean)) / (count - 1);
            value += weight * mean;
            variance += weight * weight * spread / count;
            first += count;
        }
        return (value, variance);
    }
}
