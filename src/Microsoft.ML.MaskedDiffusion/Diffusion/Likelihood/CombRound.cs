namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>
/// The mean of loss / t over combs of levels t. Within a comb the levels are spread evenly, so the spread of neighbouring levels, not the whole
/// spread, says how noisy the mean is (successive differences; Wolter, "Introduction to Variance Estimation", 2007, section 8.2).
/// </summary>
internal sealed class CombRound(IReadOnlyList<AnswerMask> masks, float[] levels, int roundSize) : MaskRound(masks)
{
    public override bool IsExact => false;

    public override (double Value, double Variance) Combine(ReadOnlySpan<double> losses)
    {
        var values = new double[losses.Length];
        double sum = 0;
        for (int i = 0; i < values.Length; i++)
        {
            // A level so small that nothing is hidden says nothing: 0, also where the level itself is 0.
            values[i] = Masks[i].Hidden.Length == 0 ? 0 : losses[i] / levels[i];
            sum += values[i];
        }
        return (sum / values.Length, roundSize == 1 ? VarianceOfMean(values) : CombVariance(values));
    }

    private static double VarianceOfMean(double[] values)
    {
        double mean = values.Average();
        return values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1) / values.Length;
    }

    private double CombVariance(double[] values)
    {
        double sum = 0;
        int differences = 0;
        for (int start = 0; start < values.Length; start += roundSize)
        {
            int count = Math.Min(roundSize, values.Length - start);
            var sorted = new double[count];
            Array.Copy(values, start, sorted, 0, count);
            Array.Sort(levels[start..(start + count)], sorted);
            for (int i = 1; i < count; i++, differences++) sum += (sorted[i] - sorted[i - 1]) * (sorted[i] - sorted[i - 1]);
        }
        return sum / (2 * differences) / values.Length;
    }
}
