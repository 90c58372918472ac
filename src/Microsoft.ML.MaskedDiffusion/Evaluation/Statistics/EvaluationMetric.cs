namespace Microsoft.ML.MaskedDiffusion;

/// <summary>A figure with its two kinds of error, kept apart because more samples of the estimator lower only the second.</summary>
/// <param name="Value">The figure.</param>
/// <param name="StandardError">
/// Standard error over items: how far another draw of as many items would move the figure. NaN for fewer than 2 items.
/// </param>
/// <param name="NoiseStandardError">
/// Standard error from the likelihood estimator's noise: how far another seed would move the figure; 0 where estimates are exact.
/// </param>
public readonly record struct EvaluationMetric(double Value, double StandardError, double NoiseStandardError)
{
    /// <summary>For example "0.512 ± 0.011 (items) ± 0.002 (noise)".</summary>
    public override string ToString() =>
        FormattableString.Invariant($"{Value:G5} ± {StandardError:G2} (items) ± {NoiseStandardError:G2} (noise)");
}
