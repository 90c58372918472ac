namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Speed;

/// <summary>A power law y = c x^e, fitted by least squares to the logarithms.</summary>
/// <param name="Exponent">The exponent e.</param>
/// <param name="StandardError">Its standard error; NaN for two points, which leave none.</param>
internal readonly record struct PowerLaw(double Exponent, double StandardError)
{
    /// <summary>Fits at least two points of different x.</summary>
    public static PowerLaw Fit(IReadOnlyList<(double X, double Y)> points)
    {
        double[] x = [.. points.Select(point => Math.Log(point.X))];
        double[] y = [.. points.Select(point => Math.Log(point.Y))];
        double meanX = x.Average(), meanY = y.Average();
        double spread = x.Sum(value => (value - meanX) * (value - meanX));
        double slope = x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum() / spread;
        double residual = x.Zip(y, (a, b) => Math.Pow(b - meanY - slope * (a - meanX), 2)).Sum();
        return new PowerLaw(slope, points.Count < 3 ? double.NaN : Math.Sqrt(residual / (points.Count - 2) / spread));
    }

    public override string ToString() => double.IsNaN(StandardError)
        ? ResultTable.Number(Exponent, "0.00")
        : $"{ResultTable.Number(Exponent, "0.00")} ± {ResultTable.Number(StandardError, "0.00")}";
}
