using System.Globalization;
using OxyPlot;
using Reproduce.Results;
using Reproduce.Runs;

namespace Reproduce.Experiments.ScalingLaw;

/// <summary>The paper's own points through the fit of this experiment.</summary>
internal static class PublishedFit
{
    /// <summary>Fits, and compares with the published fits.</summary>
    public static ExperimentResult Measure()
    {
        PowerLaw masked = PowerLaw.Fit(PublishedPoints.Flops.Zip(PublishedPoints.MaskedDiffusion));
        PowerLaw autoregressive = PowerLaw.Fit(PublishedPoints.Flops.Zip(PublishedPoints.Autoregressive));
        double[] gaps = [.. PublishedPoints.Flops.Select(flops => masked.TimesTheComputeOf(autoregressive, flops))];
        ClaimResult[] claims =
        [
            Compare("masked diffusion", masked, PublishedPoints.MaskedDiffusionLaw),
            Compare("autoregressive", autoregressive, PublishedPoints.AutoregressiveLaw),
            new("Masked diffusion needs about 16 times the compute.", "16",
                string.Create(CultureInfo.InvariantCulture, $"{gaps.Min():F1} to {gaps.Max():F1} over the budgets"),
                gaps.All(gap => gap is > 14 and < 18) ? Verdict.Holds : Verdict.DoesNotHold),
        ];
        PlotModel plot = Plots.Empty("training compute (FLOPs)", "loss (nats per token)", isXLogarithmic: true, isYLogarithmic: true);
        AddLaw(plot, ModelKind.MaskedDiffusion.Words(), 0, masked, PublishedPoints.Flops, PublishedPoints.MaskedDiffusion);
        AddLaw(plot, ModelKind.Autoregressive.Words(), 1, autoregressive, PublishedPoints.Flops, PublishedPoints.Autoregressive);
        ResultTable table = new("Losses of the paper's figure, and the fits", ["FLOPs", "masked diffusion", "fit", "autoregressive", "fit"],
        [
            .. PublishedPoints.Flops.Select((flops, i) => new object[]
            {
                flops, PublishedPoints.MaskedDiffusion[i], masked.At(flops), PublishedPoints.Autoregressive[i], autoregressive.At(flops),
            }),
        ]);
        return new ExperimentResult(claims, [table], new { Source = "the paper's figure of losses, digitised" }, plot);

        static ClaimResult Compare(string name, PowerLaw law, PowerLaw published)
        {
            double apart = PublishedPoints.Flops.Max(flops => Math.Abs(law.At(flops) / published.At(flops) - 1));
            return new ClaimResult(
                $"The fit of the paper's {name} losses", published.ToString(),
                string.Create(CultureInfo.InvariantCulture, $"{law}, at most {apart:P2} apart at the budgets"),
                apart <= PublishedPoints.ReadingError ? Verdict.Holds : Verdict.DoesNotHold);
        }
    }

    private static void AddLaw(PlotModel plot, string name, int look, PowerLaw law, double[] flops, double[] losses)
    {
        Plots.Add(plot, name, look, flops.Zip(losses, (x, y) => (x, new Interval(y, y, y))), isLine: false);
        Plots.Add(plot, law.ToString(), look, flops.Select(x => (x, new Interval(law.At(x), law.At(x), law.At(x)))), hasMarks: false);
    }
}
