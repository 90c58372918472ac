using System.Globalization;
using System.Text;
using OxyPlot;
using Reproduce.Results;

namespace Reproduce.Experiments.TemporalShift;

/// <summary>What the losses say about the claims.</summary>
internal sealed class TemporalShiftResults(
    TemporalShiftExperiment.Settings settings, DatedText[] training, TestText[] tests, int[] tokens, int[] bytes,
    int withoutDate, int seed)
{
    // Losses count as equal within so many nats per token; the paper's are 0.04 apart.
    private const double EqualWithin = 0.05;

    // The paper's models: 17.34 and 18.02 on text of the training's time, 27.01 and 24.06 later.
    private const string Published =
        "perplexity from 18.02 to 24.06 (1.34 times) for masked diffusion, from 17.34 to 27.01 (1.56 times) for the autoregressive model";

    // The figure of all later periods together stands behind those of the periods.
    private int Later => settings.Periods.Count;

    public ExperimentResult Conclude(Measured masked, Measured[] others, Measured matched)
    {
        Measured[] models = [masked, .. others, matched];
        PeriodLosses[] losses = [.. models.Select(model => Losses(model, tokens))];
        PeriodLosses maskedLosses = losses[0], matchedLosses = losses[^1];
        return new ExperimentResult(
            Claims(maskedLosses, matchedLosses), [PeriodTable(), LossTable(models, losses), ByteTable(models), GrowthTable(models, losses)],
            new { settings, EqualLossSteps = matched.Steps, EntriesWithoutDate = withoutDate },
            Plot(masked, maskedLosses, matched, matchedLosses));
    }

    private PeriodLosses Losses(Measured model, int[] units) =>
        new(settings.Periods.Count, tests, model.Nats, units, settings.Resamples, seed);

    private ClaimResult[] Claims(PeriodLosses masked, PeriodLosses matched)
    {
        Interval growth = masked.Growth(Later), otherGrowth = matched.Growth(Later);
        Interval apart = masked.Above(matched, 0), more = masked.GrowthAbove(matched, Later);
        Interval[] each = [.. Enumerable.Range(1, settings.Periods.Count - 1).Select(period => masked.GrowthAbove(matched, period))];
        bool isEqual = Math.Abs(apart.Value) <= EqualWithin;
        return
        [
            new ClaimResult(
                "Both kinds of model predict later text worse than text of the training's time.", Published,
                $"perplexity {growth.Of(Math.Exp)} times for masked diffusion, {otherGrowth.Of(Math.Exp)} times for the autoregressive "
                + "model",
                growth.Low > 0 && otherGrowth.Low > 0 ? Verdict.Holds
                    : growth.Low > 0 || otherGrowth.Low > 0 ? Verdict.HoldsInPart
                    : growth.High < 0 && otherGrowth.High < 0 ? Verdict.DoesNotHold : Verdict.CannotBeTold),
            new ClaimResult(
                "Masked diffusion loses less on later text than an autoregressive model of equal loss.", Published,
                $"the growth of its perplexity is {more.Of(Math.Exp)} times the other's; on text of the training's time its perplexity is "
                + $"{apart.Of(Math.Exp)} times the other's ({(isEqual ? "equal" : "not equal")})",
                Judge(more, each, isEqual)),
        ];
    }

    /// <summary>Whether the loss of masked diffusion grows less.</summary>
    /// <param name="more">By how much it grows more, over all later text.</param>
    /// <param name="each">The same for each period.</param>
    /// <param name="isEqual">Whether the models had equal losses before.</param>
    internal static Verdict Judge(Interval more, Interval[] each, bool isEqual)
    {
        if (more.High < 0)
            return isEqual && each.All(period => period.Value < 0) ? Verdict.Holds : Verdict.HoldsInPart;
        return more.Low > 0 ? Verdict.DoesNotHold : Verdict.CannotBeTold;
    }

    private string PeriodName(int period) => period == Later ? "all later" : settings.Periods[period].Name;

    private IEnumerable<int> All => Enumerable.Range(0, settings.Periods.Count + 1);

    private ResultTable PeriodTable() => new("Texts", ["period", "texts", "packages", "tokens", "bytes"],
    [
        [
            $"training, to the end of {settings.Periods[0].Last}", training.Length,
            training.Select(text => text.Package).Distinct().Count(), "", training.Sum(text => (long)Encoding.UTF8.GetByteCount(text.Text)),
        ],
        .. settings.Periods.Select((period, index) =>
        {
            int[] own = [.. Enumerable.Range(0, tests.Length).Where(i => tests[i].Period == index)];
            return new object[]
            {
                index == 0 ? $"{period.Name}, held out" : period.Name, own.Length, own.Select(i => tests[i].Package).Distinct().Count(),
                own.Sum(i => tokens[i]), own.Sum(i => bytes[i]),
            };
        }),
    ]);

    private ResultTable LossTable(Measured[] models, PeriodLosses[] losses) => new(
        "Perplexity per token", ["model", "steps", .. All.Select(PeriodName)],
        [
            .. models.Zip(losses, (model, own) =>
                (object[])[model.Name, model.Steps, .. All.Select(period => own.Loss(period).Of(Math.Exp))]),
        ]);

    private ResultTable ByteTable(Measured[] models) => new(
        "Bits per byte", ["model", "steps", .. All.Select(PeriodName)],
        [
            .. models.Select(model =>
            {
                PeriodLosses own = Losses(model, bytes);
                return (object[])[model.Name, model.Steps, .. All.Select(period => own.Loss(period).Of(nats => nats / Math.Log(2)))];
            }),
        ]);

    private ResultTable GrowthTable(Measured[] models, PeriodLosses[] losses) => new(
        $"Perplexity as a multiple of that of {settings.Periods[0].Name}", ["model", "steps", .. All.Skip(1).Select(PeriodName)],
        [
            .. models.Zip(losses, (model, own) =>
                (object[])[model.Name, model.Steps, .. All.Skip(1).Select(period => own.Growth(period).Of(Math.Exp))]),
            ["masked diffusion / autoregressive, equal loss", "", .. All.Skip(1).Select(period =>
                losses[0].GrowthAbove(losses[^1], period).Of(Math.Exp))],
        ]);

    private PlotModel Plot(Measured masked, PeriodLosses maskedLosses, Measured matched, PeriodLosses matchedLosses)
    {
        PlotModel plot = Plots.Empty("year of the text", $"perplexity as a multiple of that of {settings.Periods[0].Name}");
        foreach ((int look, (Measured model, PeriodLosses own)) in new[] { (masked, maskedLosses), (matched, matchedLosses) }.Index())
        {
            string steps = model.Steps.ToString("N0", CultureInfo.InvariantCulture);
            Plots.Add(plot, $"{model.Name} ({steps} steps)", look, settings.Periods.Select((period, index) =>
                // Beside each other, so that the intervals can be told apart.
                ((period.First + period.Last) / 2.0 + look * 0.06, own.Growth(index).Of(Math.Exp))));
        }
        return plot;
    }
}
