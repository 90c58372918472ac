using System.Globalization;

namespace Reproduce.Experiments.ScalingLaw;

/// <summary>y = Factor x^Exponent.</summary>
internal sealed record PowerLaw(double Factor, double Exponent)
{
    /// <summary>The least squares of log y over log x, as the paper fits its losses (its equation 5).</summary>
    public static PowerLaw Fit(IEnumerable<(double X, double Y)> points)
    {
        (double X, double Y)[] all = [.. points];
        (double intercept, double slope) =
            MathNet.Numerics.Fit.Line([.. all.Select(point => Math.Log(point.X))], [.. all.Select(point => Math.Log(point.Y))]);
        return new PowerLaw(Math.Exp(intercept), slope);
    }

    /// <summary>The value at x.</summary>
    public double At(double x) => Factor * Math.Pow(x, Exponent);

    /// <summary>Where it has the value y.</summary>
    public double Inverse(double y) => Math.Pow(y / Factor, 1 / Exponent);

    /// <summary>How many times the compute this law needs for the loss that another one has at a compute.</summary>
    public double TimesTheComputeOf(PowerLaw other, double flops) => Inverse(other.At(flops)) / flops;

    /// <summary>With the digits that the paper's fit is quoted with.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Factor:G3} C^{Exponent:F4}");
}
