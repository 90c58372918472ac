namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>
/// How far an estimate may be off, in parts that add up: the error of a sum of independent estimates comes from the sum of their parts, not
/// from their standard errors. The default value is the error of an exact figure. docs/likelihood.md, "Errors", derives the formulas.
/// </summary>
/// <param name="OwnVariance">The variances that the summands estimate for themselves, added.</param>
/// <param name="VarianceNoise">
/// Σ variance² / degrees of freedom, which gives the degrees of freedom of a sum; 0 where the variances are known.
/// </param>
/// <param name="Tail">
/// Of variances that leave out noise levels which hardly ever hide a token: how much they grow where the lowest level falls by a factor e.
/// </param>
/// <param name="TailLogTokens">Σ tail · ln tokens.</param>
/// <param name="Tokens">Answer tokens that were shown or hidden in all samples together; it decides which levels are left out.</param>
internal readonly record struct EstimateError(
    double OwnVariance, double VarianceNoise, double Tail = 0, double TailLogTokens = 0, double Tokens = 0)
{
    // The quantile of the normal distribution for intervals that cover 95 %.
    private const double Normal = 1.959963984540054;

    /// <summary>
    /// The variance, with all noise levels that hide a token often enough in the samples of all summands together: the lowest level is
    /// proportional to 1 / √tokens (<see cref="CombVariance"/>).
    /// </summary>
    public double Variance => Tail == 0 ? OwnVariance : OwnVariance + (Tail * Math.Log(Tokens) - TailLogTokens) / 2;

    /// <summary>
    /// The standard error whose 1.96-fold covers 95 %: the root of the variance times Student's quantile over the normal one, because a
    /// variance that comes from few draws is itself uncertain.
    /// </summary>
    public double StandardError => Math.Sqrt(Variance) * (StudentQuantile(Freedom) / Normal);

    /// <summary>The variance's degrees of freedom, 1 or more; infinity where it is known.</summary>
    public double Freedom =>
        VarianceNoise == 0 ? double.PositiveInfinity : Math.Max(1, OwnVariance * OwnVariance / VarianceNoise);

    /// <summary>An error that somebody else has estimated, taken as it is.</summary>
    public static EstimateError Known(double standardError) => new(standardError * standardError, 0);

    /// <summary>An estimated variance with its degrees of freedom.</summary>
    public static EstimateError Estimated(double variance, double freedom) => new(variance, variance * variance / freedom);

    /// <summary>The error of the sum of two independent estimates.</summary>
    public static EstimateError operator +(EstimateError left, EstimateError right) => new(
        left.OwnVariance + right.OwnVariance, left.VarianceNoise + right.VarianceNoise, left.Tail + right.Tail,
        left.TailLogTokens + right.TailLogTokens, left.Tokens + right.Tokens);

    /// <summary>The error of an estimate that counts by a factor.</summary>
    public EstimateError Times(double factor)
    {
        double square = factor * factor;
        return new(OwnVariance * square, VarianceNoise * square * square, Tail * square, TailLogTokens * square, Tokens);
    }

    /// <summary>
    /// What the error of a sum grows by with the n-th of n equal summands, whose random numbers are the same: n of them have n² times the
    /// variance of one, and see no more tokens than it.
    /// </summary>
    public EstimateError OfCopy(int number)
    {
        if (number == 1)
            return this;
        double square = Power(2), fourth = Power(4);
        return new(OwnVariance * square, VarianceNoise * fourth, Tail * square, TailLogTokens * square);

        double Power(int exponent) => Math.Pow(number, exponent) - Math.Pow(number - 1, exponent);
    }

    /// <summary>
    /// The 97.5 % quantile of Student's distribution, by the expansion in 1 / freedom (Abramowitz and Stegun, "Handbook of Mathematical
    /// Functions", 1964, 26.7.5): 0.1 % too low at 3 degrees of freedom, 1 % at 2, 11 % at 1.
    /// </summary>
    private static double StudentQuantile(double freedom)
    {
        const double Z = Normal, Z2 = Z * Z;
        double first = (Z2 + 1) * Z / 4;
        double second = ((5 * Z2 + 16) * Z2 + 3) * Z / 96;
        double third = (((3 * Z2 + 19) * Z2 + 17) * Z2 - 15) * Z / 384;
        double fourth = ((((79 * Z2 + 776) * Z2 + 1482) * Z2 - 1920) * Z2 - 945) * Z / 92160;
        return Z + (first + (second + (third + fourth / freedom) / freedom) / freedom) / freedom;
    }
}
