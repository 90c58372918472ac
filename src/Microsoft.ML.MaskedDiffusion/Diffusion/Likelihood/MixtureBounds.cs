namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>
/// Bounds in nats on the logarithm of a mean, that of the probabilities which an answer has in all orders of revealing it: from below by
/// the mean logarithm (Jensen), from above by a tangent of the logarithm (TUBE; arXiv 2605.24292, 2026).
/// </summary>
/// <remarks>
/// The logarithm lies below its tangents: log p is at most log psi + p / psi - 1 for every psi above 0. The mean of a sample of orders, put
/// in for p, leaves the right side correct on average if psi does not depend on that sample. So each half of the orders chooses a psi for
/// the other half. docs/likelihood.md, "Bounds from both sides", has the proof and the choice of psi.
/// </remarks>
/// <param name="Lower">An estimate of the bound from below.</param>
/// <param name="LowerError">Its error.</param>
/// <param name="Upper">An estimate of the bound from above.</param>
/// <param name="UpperError">Its error.</param>
internal readonly record struct MixtureBounds(double Lower, EstimateError LowerError, double Upper, EstimateError UpperError)
{
    // The tangent touches at the mean's upper limit of 97.5 %, which is what makes the bound and 1.96 of its standard errors lowest.
    private const double Quantile = 1.959963984540054;

    // e^300 is far above every bound that says anything, and its square is finite.
    private const double LargestExponent = 300;

    /// <summary>The bounds of a probability that is known.</summary>
    public static MixtureBounds Exact(double lower, double logProbability) => new(lower, default, logProbability, default);

    /// <summary>The bounds of a product of independent parts.</summary>
    public static MixtureBounds Sum(ReadOnlySpan<MixtureBounds> parts)
    {
        var sum = new MixtureBounds(0, default, 0, default);
        foreach (MixtureBounds part in parts)
        {
            sum = new MixtureBounds(
                sum.Lower + part.Lower, sum.LowerError + part.LowerError, sum.Upper + part.Upper, sum.UpperError + part.UpperError);
        }
        return sum;
    }

    /// <summary>The bounds from a sample of orders.</summary>
    /// <param name="logs">The answer's log-probability in each order, nats; an even number, 4 or more.</param>
    public static MixtureBounds Of(ReadOnlySpan<double> logs)
    {
        int half = logs.Length / 2;
        (double mean, double variance) = Moments(logs);
        (double first, EstimateError firstError) = Tangent(Surrogate.From(logs[..half]), logs[half..]);
        (double second, EstimateError secondError) = Tangent(Surrogate.From(logs[half..]), logs[..half]);
        return new MixtureBounds(
            mean, Estimated(variance / logs.Length, logs.Length),
            (first + second) / 2, (firstError + secondError).Times(0.5));
    }

    /// <summary>log psi + p / psi - 1, with the mean of a sample for p.</summary>
    public static (double Value, EstimateError Error) Tangent(Surrogate surrogate, ReadOnlySpan<double> logs)
    {
        var ratios = new double[logs.Length];
        for (int i = 0; i < ratios.Length; i++)
            ratios[i] = Math.Exp(Math.Min(logs[i] - surrogate.Log, LargestExponent));
        (double mean, double variance) = Moments(ratios);
        // A sample seldom holds the rare orders that most of a heavy-tailed mean comes from; its own spread is then too small.
        double spread = Math.Max(variance / logs.Length, surrogate.RelativeError * surrogate.RelativeError);
        return (surrogate.Log + mean - 1, Estimated(spread, logs.Length));
    }

    private static EstimateError Estimated(double variance, int count) =>
        variance == 0 ? default : EstimateError.Estimated(variance, count - 1);

    private static (double Mean, double Variance) Moments(ReadOnlySpan<double> values)
    {
        double mean = 0, squares = 0;
        foreach (double value in values)
            mean += value / values.Length;
        foreach (double value in values)
            squares += (value - mean) * (value - mean);
        return (mean, squares / (values.Length - 1));
    }

    /// <summary>Where a tangent touches.</summary>
    /// <param name="Log">log psi, nats.</param>
    /// <param name="RelativeError">The standard error that a mean of as many orders is expected to have, over psi.</param>
    internal readonly record struct Surrogate(double Log, double RelativeError)
    {
        /// <summary>
        /// The mean of the probabilities and <see cref="Quantile"/> standard errors. Mean and variance are the larger ones of those of the
        /// sample and those of the lognormal distribution with the sample's moments of the logarithms, which are sums over many tokens.
        /// </summary>
        public static Surrogate From(ReadOnlySpan<double> logs)
        {
            (double center, double variance) = Moments(logs);
            double largest = double.NegativeInfinity;
            foreach (double log in logs)
                largest = Math.Max(largest, log);
            var scaled = new double[logs.Length];
            for (int i = 0; i < scaled.Length; i++)
                scaled[i] = Math.Exp(logs[i] - largest);
            (double mean, double spread) = Moments(scaled);
            double logMean = Math.Max(largest + Math.Log(mean), center + variance / 2);
            // log((e^variance - 1) / n), also where e^variance is beyond the numbers.
            double lognormal = variance > 40 ? variance : Math.Log(Math.Exp(variance) - 1);
            double logError = (Math.Max(Math.Log(spread / mean / mean), lognormal) - Math.Log(logs.Length)) / 2;
            double logShare = logError + Math.Log(Quantile);
            double touched = logMean + (logShare > 40 ? logShare : Math.Log(1 + Math.Exp(logShare)));
            return new Surrogate(touched, Math.Exp(logMean + logError - touched));
        }
    }
}
