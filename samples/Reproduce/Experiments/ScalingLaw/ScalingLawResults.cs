using System.Globalization;
using OxyPlot;
using Reproduce.Results;
using Reproduce.Runs;

namespace Reproduce.Experiments.ScalingLaw;

/// <summary>What the losses say about the claims.</summary>
internal static class ScalingLawResults
{
    /// <summary>Fits a law to the losses of each kind, and compares the two.</summary>
    /// <param name="points">The losses.</param>
    /// <param name="random">Draws what the intervals are from.</param>
    /// <param name="settings">Everything that was chosen.</param>
    public static ExperimentResult Conclude(LossPoint[] points, Random random, object settings)
    {
        Law masked = LawOf(points, ModelKind.MaskedDiffusion, random), autoregressive = LawOf(points, ModelKind.Autoregressive, random);
        double middle = Math.Sqrt(points.Min(point => point.Flops) * points.Max(point => point.Flops));
        double gap = masked.OfLoss.TimesTheComputeOf(autoregressive.OfLoss, middle);
        Interval gaps = Interval.OfResampled(gap,
            masked.Resampled.Zip(autoregressive.Resampled, (one, other) => one.TimesTheComputeOf(other, middle)).Where(double.IsFinite));
        Interval maskedExponent = Interval.OfResampled(masked.OfLoss.Exponent, masked.Resampled.Select(law => law.Exponent));
        Interval otherExponent = Interval.OfResampled(autoregressive.OfLoss.Exponent, autoregressive.Resampled.Select(law => law.Exponent));
        // A least loss at the border of the sizes says nothing about the best number of parameters.
        double[] ratios =
        [
            .. autoregressive.Curves.Zip(masked.Curves).Where(pair => pair.First.IsInside && pair.Second.IsInside)
                .Select(pair => pair.First.BestParameters / pair.Second.BestParameters),
        ];
        double ratio = ratios.DefaultIfEmpty(double.NaN).Average();
        ClaimResult[] claims =
        [
            new("The loss of both falls as a power of compute, at about the same rate.", "exponents -0.0626 and -0.0642",
                $"exponents {maskedExponent} and {otherExponent}",
                maskedExponent.Low > 0 || otherExponent.Low > 0 ? Verdict.DoesNotHold
                    : !(maskedExponent.High < 0 && otherExponent.High < 0) ? Verdict.CannotBeTold
                    : maskedExponent.Overlaps(otherExponent) ? Verdict.Holds : Verdict.HoldsInPart),
            new("Masked diffusion needs about 16 times the compute for the same loss.", "16 (15.3 to 16.5)", $"{gaps}",
                gaps.Low <= 16 && gaps.High >= 16 ? Verdict.Holds : gaps.Low > 1 ? Verdict.HoldsInPart
                    : gaps.High > 1 ? Verdict.CannotBeTold : Verdict.DoesNotHold),
            new("At the same compute the best masked diffusion model has half the parameters.", "autoregressive / masked = 1.7 to 2.1",
                ratios.Length == 0 ? "the least losses are not between the sizes"
                    : string.Create(CultureInfo.InvariantCulture, $"{ratio:F2} on average of {ratios.Length} budgets"),
                ratios.Length == 0 ? Verdict.CannotBeTold
                    : ratio is > 1.5 and < 2.7 ? Verdict.Holds : ratio > 1 ? Verdict.HoldsInPart : Verdict.DoesNotHold),
        ];
        ResultTable losses = new("Losses on held-out documents (nats per token)", ["model", "FLOPs", "parameters", "tokens", "loss"],
        [
            .. points.Select(point => new object[]
            {
                point.Kind.Words(), point.Flops, point.Parameters, point.Flops / 6 / point.Parameters, point.Loss,
            }),
        ]);
        ResultTable best = new("The least loss of each budget", ["model", "FLOPs", "parameters", "loss", "between the sizes"],
        [
            .. new[] { masked, autoregressive }.SelectMany(law => law.Curves.Select(curve => new object[]
            {
                law.Kind.Words(), curve.Flops, curve.BestParameters, curve.BestLoss, curve.IsInside ? "yes" : "no",
            })),
        ]);
        return new ExperimentResult(claims, [losses, best], settings, Plot(points, masked, autoregressive));
    }

    // A draw has the losses of other held-out text, and of other trainings: what lies between a loss and its parabola is exchanged among
    // the points (a bootstrap of residuals).
    private static Law LawOf(LossPoint[] points, ModelKind kind, Random random)
    {
        LossPoint[] own = [.. points.Where(point => point.Kind == kind)];
        IsoFlopCurve[] curves = Curves(own, point => point.Loss.Value);
        Dictionary<LossPoint, double> fits =
            own.ToDictionary(point => point, point => curves.Single(curve => curve.Flops == point.Flops).At(point.Parameters));
        double[] residuals = [.. own.Select(point => Spread(own, point) * (point.Loss.Value - fits[point]))];
        return new Law(kind, curves, OfLoss(curves),
        [
            .. Enumerable.Range(0, own[0].Draws.Length).Select(draw => OfLoss(Curves(own, point =>
                fits[point] + residuals[random.Next(residuals.Length)] + point.Draws[draw] - point.Loss.Value))),
        ]);
    }

    // Residuals are smaller than errors, because the three numbers of a parabola have followed the losses.
    private static double Spread(LossPoint[] points, LossPoint one)
    {
        int sizes = points.Count(point => point.Flops == one.Flops);
        return sizes > 3 ? Math.Sqrt(sizes / (sizes - 3.0)) : 0;
    }

    private static IsoFlopCurve[] Curves(LossPoint[] points, Func<LossPoint, double> loss) =>
    [
        .. points.GroupBy(point => point.Flops)
            .Select(budget => IsoFlopCurve.Fit(budget.Key, [.. budget.Select(point => ((double)point.Parameters, loss(point)))])),
    ];

    private static PowerLaw OfLoss(IsoFlopCurve[] curves) => PowerLaw.Fit(curves.Select(curve => (curve.Flops, curve.BestLoss)));

    private static PlotModel Plot(LossPoint[] points, Law masked, Law autoregressive)
    {
        PlotModel plot = Plots.Empty("parameters outside embeddings", "loss on held-out documents (nats per token)", isXLogarithmic: true);
        foreach (Law law in new[] { masked, autoregressive })
        {
            foreach (IsoFlopCurve curve in law.Curves)
            {
                int look = law == masked ? 0 : 1;
                LossPoint[] own = [.. points.Where(point => point.Kind == law.Kind && point.Flops == curve.Flops)];
                Plots.Add(plot, curve == law.Curves[0] ? law.Kind.Words() : null, look,
                    own.Select(point => ((double)point.Parameters, point.Loss)), isLine: false);
                IEnumerable<double> grid = Enumerable.Range(0, 41)
                    .Select(i => own[0].Parameters * Math.Pow((double)own[^1].Parameters / own[0].Parameters, i / 40.0));
                Plots.Add(plot, null, look, grid.Select(x => (x, new Interval(curve.At(x), curve.At(x), curve.At(x)))), hasMarks: false);
                // The budget, between the two largest networks, where the curves are apart.
                double between = Math.Sqrt((double)own[^2].Parameters * own[^1].Parameters);
                Plots.Label(plot, string.Create(CultureInfo.InvariantCulture, $"{curve.Flops:0.#E+0}"), look, between, curve.At(between));
            }
        }
        return plot;
    }

    private sealed record Law(ModelKind Kind, IsoFlopCurve[] Curves, PowerLaw OfLoss, PowerLaw[] Resampled);
}
