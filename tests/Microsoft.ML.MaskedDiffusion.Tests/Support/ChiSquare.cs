namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Pearson's test of counts against probabilities.</summary>
internal static class ChiSquare
{
    /// <summary>
    /// Fails where counts are farther from their probabilities than one sample in ten thousand is. Cells with fewer than five expected
    /// counts are taken together.
    /// </summary>
    public static void Require(IReadOnlyList<int> counts, IReadOnlyList<double> probabilities)
    {
        double draws = counts.Sum(), statistic = 0, restExpected = 0, restObserved = 0;
        int cells = 0;
        for (int i = 0; i < counts.Count; i++)
        {
            double expected = draws * probabilities[i];
            if (expected < 5)
            {
                restExpected += expected;
                restObserved += counts[i];
                continue;
            }
            statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
            cells++;
        }
        if (restExpected > 0)
        {
            statistic += (restObserved - restExpected) * (restObserved - restExpected) / Math.Max(restExpected, 5);
            cells++;
        }
        double limit = Quantile(cells - 1);
        Assert.IsTrue(statistic < limit, $"chi-square {statistic:0.0} of {cells} cells is above {limit:0.0}");
    }

    // The 99.99 % quantile, by Wilson and Hilferty's cube root.
    private static double Quantile(int freedom)
    {
        double part = 2.0 / (9 * freedom);
        return freedom * Math.Pow(1 - part + 3.719 * Math.Sqrt(part), 3);
    }
}
