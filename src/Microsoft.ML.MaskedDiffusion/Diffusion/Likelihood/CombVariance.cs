namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>
/// The variance of a mean of loss / t over combs of levels t. That figure is heavy-tailed: a token hidden at a small level t counts 1 / t
/// and is hidden with probability t, so its second moment, the integral of 1 / t, does not converge. The spread of the values drawn says
/// too little (the rare large ones are mostly not among them), the true variance is infinite, and what an interval needs is the variance
/// without the levels that hardly ever hide anything.
/// </summary>
/// <remarks>
/// Given that k of L tokens are hidden, which ones they are does not depend on t. So the loss is described by k: mean k (a + b k / L), a
/// and b by least squares; variance k² v (1 / k - 1 / L), that of a mean of k tokens drawn out of L. Its moments over the binomial k are
/// closed forms, and their integral over t runs from the level below which fewer than <see cref="ExpectedHits"/> tokens are hidden in all
/// samples together. A test holds the intervals to their rates.
/// </remarks>
internal static class CombVariance
{
    // Lower counts rarer events: intervals get wider. Chosen among 0.005 to 0.4 so that 1.96 standard errors cover 95 %, of single
    // estimates and of sums.
    private const double ExpectedHits = 0.01;
    private const int Steps = 64;
    // Degrees of freedom that a sample adds to the fitted variance: samples that hide all tokens or none say nothing about the spread.
    private const double FreedomOfSample = 0.5;

    public static EstimateError Of(ReadOnlySpan<int> hidden, ReadOnlySpan<double> losses, int length, int roundSize)
    {
        (double a, double b) = MeanLoss(hidden, losses, length);
        double v = Spread(hidden, losses, length, a, b), samples = losses.Length, tokens = samples * length;
        double lowest = Math.Log(Math.Sqrt(2 * ExpectedHits / tokens));
        double noise = 0;
        // Midpoints in log t.
        for (int step = 0; step < Steps; step++)
        {
            double t = Math.Exp(lowest * (step + 0.5) / Steps);
            noise += Math.Max(0, LossVariance(t, length, a, b, v)) / t * -lowest / Steps;
        }
        // What a comb's shift leaves: the mean over t is about a line, whose values one tooth apart.
        double tooth = b * (length - 1) / roundSize;
        double variance = (noise + tooth * tooth * roundSize / 12) / samples;
        // The integrand where t is near 0 and at most one token is hidden.
        double one = a + b / length, tail = (one * one * length + v * (length - 1)) / samples;
        return variance == 0
            ? default
            : EstimateError.Estimated(variance, samples * FreedomOfSample) with
            {
                Tail = tail,
                TailLogTokens = tail * Math.Log(tokens),
                Tokens = tokens,
            };
    }

    // Each loss per hidden token as a line in k / L. All samples count alike: weights by k would fit the line where most tokens are hidden,
    // and the variance comes from where few are.
    private static (double A, double B) MeanLoss(ReadOnlySpan<int> hidden, ReadOnlySpan<double> losses, int length)
    {
        double n = 0, x = 0, y = 0, xx = 0, xy = 0;
        for (int i = 0; i < hidden.Length; i++)
        {
            if (hidden[i] == 0)
                continue;
            double share = (double)hidden[i] / length, loss = losses[i] / hidden[i];
            n++;
            x += share;
            y += loss;
            xx += share * share;
            xy += share * loss;
        }
        if (n == 0)
            return (0, 0);
        double determinant = n * xx - x * x, slope = determinant > 1e-9 * n * n ? (n * xy - x * y) / determinant : 0;
        return ((y - slope * x) / n, slope);
    }

    private static double Spread(ReadOnlySpan<int> hidden, ReadOnlySpan<double> losses, int length, double a, double b)
    {
        double squares = 0, expected = 0;
        for (int i = 0; i < hidden.Length; i++)
        {
            int k = hidden[i];
            if (k == 0 || k == length)
                continue;
            double rest = losses[i] / k - a - b * k / length;
            squares += rest * rest;
            expected += 1.0 / k - 1.0 / length;
        }
        return expected > 0 ? squares / expected : 0;
    }

    // Var(loss) at level t, over the binomial number of hidden tokens and which they are.
    private static double LossVariance(double t, int length, double a, double b, double v)
    {
        // Factorial moments n (n - 1) ... t^j, and from them the plain ones.
        double f1 = length * t, f2 = f1 * (length - 1) * t, f3 = f2 * (length - 2) * t, f4 = f3 * (length - 3) * t;
        double m2 = f2 + f1, m3 = f3 + 3 * f2 + f1, m4 = f4 + 6 * f3 + 7 * f2 + f1, line = b / length;
        double mean = a * f1 + line * m2;
        return a * a * m2 + 2 * a * line * m3 + line * line * m4 + v * (f1 - m2 / length) - mean * mean;
    }
}
