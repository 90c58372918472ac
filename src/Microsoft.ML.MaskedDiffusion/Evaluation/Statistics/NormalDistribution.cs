namespace Microsoft.ML.MaskedDiffusion.Evaluation.Statistics;

/// <summary>The standard normal distribution.</summary>
internal static class NormalDistribution
{
    public static double Density(double x) => Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);

    /// <summary>Φ(x), absolute error below 1e-14, by the series 1/2 + φ(x) (x + x³/3 + x⁵/(3·5) + ...).</summary>
    public static double Cumulative(double x)
    {
        if (Math.Abs(x) > 9)
            return x > 0 ? 1 : 0;
        double sum = 0, term = x;
        for (int n = 3; Math.Abs(term) > 1e-17 * Math.Abs(sum); n += 2)
        {
            sum += term;
            term *= x * x / n;
        }
        return Math.Clamp(0.5 + sum * Density(x), 0, 1);
    }
}
