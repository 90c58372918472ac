using MathNet.Numerics;

namespace Reproduce.Experiments.ScalingLaw;

/// <summary>A parabola of the loss over the logarithm of the parameters, at one budget.</summary>
/// <param name="Flops">The budget, 6 x parameters x tokens.</param>
/// <param name="BestParameters">Where the loss is least; at the border of the sizes where the parabola has its least beyond it.</param>
/// <param name="BestLoss">The least loss.</param>
/// <param name="IsInside">Whether the least lies between the sizes.</param>
/// <param name="Coefficients">Of the parabola over log parameters, the constant first.</param>
internal sealed record IsoFlopCurve(double Flops, double BestParameters, double BestLoss, bool IsInside, double[] Coefficients)
{
    public static IsoFlopCurve Fit(double flops, IReadOnlyList<(double Parameters, double Loss)> points)
    {
        double[] x = [.. points.Select(point => Math.Log(point.Parameters))];
        double[] coefficients = MathNet.Numerics.Fit.Polynomial(x, [.. points.Select(point => point.Loss)], 2);
        double least = -coefficients[1] / (2 * coefficients[2]);
        bool isInside = coefficients[2] > 0 && least > x.Min() && least < x.Max();
        // Without a least inside, the best is the best of the sizes that there are.
        double best = isInside ? least : x.MinBy(at => Polynomial.Evaluate(at, coefficients));
        return new IsoFlopCurve(flops, Math.Exp(best), Polynomial.Evaluate(best, coefficients), isInside, coefficients);
    }

    /// <summary>The parabola's loss.</summary>
    public double At(double parameters) => Polynomial.Evaluate(Math.Log(parameters), Coefficients);
}
