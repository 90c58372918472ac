namespace Microsoft.ML.MaskedDiffusion.Evaluation.Statistics;

/// <summary>Means with standard errors, and the position of the largest value.</summary>
internal static class MetricMath
{
    /// <summary>
    /// The mean and its standard error, the standard deviation (n - 1) divided by √n, as lm-evaluation-harness's mean_stderr.
    /// </summary>
    public static (double Mean, double StandardError) Mean(IReadOnlyList<double> values)
    {
        double mean = values.Count == 0 ? double.NaN : values.Average();
        double squares = values.Sum(value => (value - mean) * (value - mean));
        return (mean, values.Count < 2 ? double.NaN : Math.Sqrt(squares / (values.Count - 1) / values.Count));
    }

    /// <summary>The position of the largest value; of several equal ones, the first.</summary>
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
