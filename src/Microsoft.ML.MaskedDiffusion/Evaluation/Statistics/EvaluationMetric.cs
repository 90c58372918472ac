using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>A value with two standard errors, which are separate because more noise samples reduce only the second.</summary>
/// <param name="Value">The value.</param>
/// <param name="StandardError">
/// Standard error over items: how much the value would vary with another sample of as many items. NaN for fewer than 2 items.
/// </param>
/// <param name="NoiseStandardError">
/// Standard error from the noise of the likelihood estimates: how much the value would vary with another seed. 0 where estimates are exact.
/// </param>
public readonly record struct EvaluationMetric(double Value, double StandardError, double NoiseStandardError)
{
    /// <summary>For example "0.512 ± 0.011 (items) ± 0.002 (noise)".</summary>
    public override string ToString() =>
        FormattableString.Invariant($"{Value:G5} ± {Shown(StandardError, "G2")} (items) ± {Shown(NoiseStandardError, "G2")} (noise)");

    /// <summary>An error in a text: a dash where there is none, because there is one item alone.</summary>
    internal static string Shown(double error, string format) =>
        double.IsNaN(error) ? "-" : error.ToString(format, CultureInfo.InvariantCulture);
}
