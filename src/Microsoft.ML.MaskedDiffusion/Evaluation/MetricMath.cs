namespace Microsoft.ML.MaskedDiffusion.Evaluation;

/// <summary>Means and ratios with standard errors.</summary>
internal static class MetricMath
{
    /// <summary>Mean, and standard deviation (n - 1) over √n: lm-evaluation-harness's mean_stderr.</summary>
    public static (double Mean, double StandardError) Mean(IReadOnlyList<double> values)
    {
        double mean = values.Count == 0 ? double.NaN : values.Average();
        double squares = values.Sum(value => (value - mean) * (value - mean));
        return (mean, values.Count < 2 ? double.NaN : Math.Sqrt(squares / (values.Count - 1) / values.Count));
    }

    /// <summary>Σ numerator / Σ denominator, and its standard error over the pairs (ratio estimator; Cochran, "Sampling Techniques", 1977, eq. 6.13).</summary>
    public static (double Ratio, double StandardError) Ratio(IReadOnlyList<double> numerators, IReadOnlyList<double> denominators)
    {
        double total = denominators.Sum(), ratio = numerators.Sum() / total, squares = 0;
        int n = numerators.Count;
        for (int i = 0; i < n; i++)
        {
            double residual = numerators[i] - ratio * denominators[i];
            squares += residual * residual;
        }
        return (ratio, n < 2 ? double.NaN : Math.Sqrt(squares * n / (n - 1)) / total);
    }

    /// <summary>The first of the largest.</summary>
    public static int ArgMax(ReadOnlySpan<double> values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
        {
            if (values[i] > values[best])
                best = i;
        }
        return best;
    }
}
