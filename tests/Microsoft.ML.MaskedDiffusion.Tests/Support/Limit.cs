namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Upper limits that NaN is not within. MSTest's own go by the order of .NET, in which NaN is less than all numbers, as do Max and Min of
/// sequences.
/// </summary>
internal static class Limit
{
    /// <summary>Asserts that a number is less than a limit.</summary>
    public static void Below(double limit, double value, string what = "") =>
        Assert.IsTrue(value < limit, $"{value} must be below {limit}. {what}");

    /// <summary>Asserts that a number is no more than a limit.</summary>
    public static void AtMost(double limit, double value, string what = "") =>
        Assert.IsTrue(value <= limit, $"{value} must be at most {limit}. {what}");

    /// <summary>The largest number; NaN where there is one.</summary>
    public static float Largest(this IEnumerable<float> values) => values.Aggregate(float.NegativeInfinity, Math.Max);

    /// <summary>The largest number; NaN where there is one.</summary>
    public static double Largest(this IEnumerable<double> values) => values.Aggregate(double.NegativeInfinity, Math.Max);
}
