using System.Globalization;
using System.Text.Json.Serialization;

namespace Reproduce.Results;

/// <summary>A figure with the two ends of its 95 % interval.</summary>
internal sealed record Interval(double Value, double Low, double High)
{
    // The standard normal's 97.5 % quantile.
    private const double Quantile = 1.959964;

    /// <summary>Half of the interval's width.</summary>
    [JsonIgnore]
    public double HalfWidth => (High - Low) / 2;

    /// <summary>A share of some questions, with Wilson's interval, which also fits shares near 0 and 1 (Wilson, 1927).</summary>
    public static Interval OfShare(int right, int count)
    {
        double share = (double)right / count, squared = Quantile * Quantile;
        double center = (share + squared / (2 * count)) / (1 + squared / count);
        double half = Quantile / (1 + squared / count) * Math.Sqrt(share * (1 - share) / count + squared / (4.0 * count * count));
        return new Interval(share, Math.Max(0, center - half), Math.Min(1, center + half));
    }

    /// <summary>A mean of independent values, with the normal interval.</summary>
    public static Interval OfMean(IReadOnlyCollection<double> values)
    {
        double mean = values.Average();
        double variance = values.Sum(value => (value - mean) * (value - mean)) / Math.Max(1, values.Count - 1);
        return OfStandardError(mean, Math.Sqrt(variance / values.Count));
    }

    /// <summary>By how much one share of some questions is larger than another share of the same ones.</summary>
    public static Interval OfShareDifference(IEnumerable<bool> one, IEnumerable<bool> other) =>
        OfMean([.. one.Zip(other, (first, second) => (first ? 1.0 : 0) - (second ? 1.0 : 0))]);

    /// <summary>A figure with a standard error, with the normal interval.</summary>
    public static Interval OfStandardError(double value, double standardError) =>
        new(value, value - Quantile * standardError, value + Quantile * standardError);

    /// <summary>A figure with the interval that holds 95 % of its values in resamples (a bootstrap).</summary>
    public static Interval OfResampled(double value, IEnumerable<double> resampled)
    {
        double[] sorted = [.. resampled.Order()];
        if (sorted.Length == 0)
            return new Interval(value, double.NaN, double.NaN);
        return new Interval(value, sorted[(int)(0.025 * sorted.Length)], sorted[(int)(0.975 * (sorted.Length - 1))]);
    }

    /// <summary>The interval of a rising function of the figure.</summary>
    public Interval Of(Func<double, double> rising) => new(rising(Value), rising(Low), rising(High));

    /// <summary>Whether two intervals have a value in common.</summary>
    public bool Overlaps(Interval other) => Low <= other.High && other.Low <= High;

    /// <summary>As a percentage.</summary>
    public string Percent() => string.Create(CultureInfo.InvariantCulture, $"{Value * 100:F1} % ({Low * 100:F1} to {High * 100:F1})");

    /// <summary>A difference of shares in percentage points.</summary>
    public string Points() => string.Create(CultureInfo.InvariantCulture, $"{Value * 100:F1} ({Low * 100:F1} to {High * 100:F1})");

    public override string ToString() => $"{Shown(Value)} ({Shown(Low)} to {Shown(High)})";

    // Four digits, and thousands without exponents.
    private static string Shown(double value) => value.ToString(Math.Abs(value) >= 1000 ? "N0" : "G4", CultureInfo.InvariantCulture);
}
