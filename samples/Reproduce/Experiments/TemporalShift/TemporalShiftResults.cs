using System.Globalization;
using OxyPlot;
using Reproduce.Results;

namespace Reproduce.Experiments.TemporalShift;

/// <summary>What the losses say about the claims.</summary>
internal sealed class TemporalShiftResults(
    IReadOnlyList<Period> periods, TestText[] tests, int[] tokens, int[] bytes, int resamples, int seed)
{
    // Losses count as equal within so many nats per token; the paper's are 0.04 apart.
    private const double EqualWithin = 0.05;

    // The paper's models: 17.34 and 18.02 on text of the training's time, 27.01 and 24.06 later.
    private const string Published =
        "perplexity from 18.02 to 24.06 (1.34 times) for masked diffusion, from 17.34 to 27.01 (1.56 times) for the autoregressive model";

    // The figure of all later periods together stands behind those of the periods.
    private int Later => periods.Count;

    /// <summary>Compares models.</summary>
    /// <param name="masked">The masked diffusion model.</param>
    /// <param name="others">Autoregressive models that are shown beside it.</param>
    /// <param name="matched">The autoregressive model that it is compared with.</param>
    /// <param name="texts">What the texts are.</param>
    /// <param name="settings">Everything that was chosen.</param>
    public ExperimentResult Conclude(Measured masked, Measured[] others, Measured matched, ResultTable texts, object settings)
    {
        Measured[] models = [masked, .. others, matched];
        PeriodLosses[] losses = [.. models.Select(model => Losses(model, tokens))];
        PeriodLosses maskedLosses = losses[0], matchedLosses = losses[^1];
        return new ExperimentResult(
            Claims(maskedLosses, matchedLosses), [texts, LossTable(models, losses), ByteTable(models), GrowthTable(models, losses)],
            settings, Plot(masked, maskedLosses, matched, matchedLosses));
    }

    private PeriodLosses Losses(Measured model, int[] units) =>
        new(periods.Count, tests, model.Nats, units, resamples, seed);

    private ClaimResult[] Claims(PeriodLosses masked, PeriodLosses matched)
    {
        Interval growth = masked.Growth(Later), otherGrowth = matched.Growth(Later);
        Interval apart = masked.Above(matched, 0), more = masked.GrowthAbove(matched, Later);
        Interval[] each = [.. Enumerable.Range(1, periods.Count - 1).Select(period => masked.GrowthAbove(matched, period))];
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

    private string PeriodName(int period) => period == Later ? "all later" : periods[period].Name;

    private IEnumerable<int> All => Enumerable.Range(0, periods.Count + 1);

    private static object Steps(Measured model) => model.Steps is { } steps ? steps : "";

    private ResultTable LossTable(Measured[] models, PeriodLosses[] losses) => new(
        "Perplexity per token", ["model", "steps", .. All.Select(PeriodName)],
        [
            .. models.Zip(losses, (model, own) =>
                (object[])[model.Name, Steps(model), .. All.Select(period => own.Loss(period).Of(Math.Exp))]),
        ]);

    private ResultTable ByteTable(Measured[] models) => new(
        "Bits per byte", ["model", "steps", .. All.Select(PeriodName)],
        [
            .. models.Select(model =>
            {
                PeriodLosses own = Losses(model, bytes);
                return (object[])[model.Name, Steps(model), .. All.Select(period => own.Loss(period).Of(nats => nats / Math.Log(2)))];
            }),
        ]);

    private ResultTable GrowthTable(Measured[] models, PeriodLosses[] losses) => new(
        $"Perplexity as a multiple of that of {periods[0].Name}", ["model", "steps", .. All.Skip(1).Select(PeriodName)],
        [
            .. models.Zip(losses, (model, own) =>
                (object[])[model.Name, Steps(model), .. All.Skip(1).Select(period => own.Growth(period).Of(Math.Exp))]),
            [$"{models[0].Name} / {models[^1].Name}", "", .. All.Skip(1).Select(period =>
                losses[0].GrowthAbove(losses[^1], period).Of(Math.Exp))],
        ]);

    private PlotModel Plot(Measured masked, PeriodLosses maskedLosses, Measured matched, PeriodLosses matchedLosses)
    {
        PlotModel plot = Plots.Empty("year of the text", $"perplexity as a multiple of that of {periods[0].Name}");
        foreach ((int look, (Measured model, PeriodLosses own)) in new[] { (masked, maskedLosses), (matched, matchedLosses) }.Index())
        {
            string steps = model.Steps is { } count ? string.Create(CultureInfo.InvariantCulture, $" ({count:N0} steps)") : "";
            Plots.Add(plot, model.Name + steps, look, periods.Select((period, index) =>
                // Beside each other, so that the intervals can be told apart.
                (period.Year + look * 0.06, own.Growth(index).Of(Math.Exp))));
        }
        return plot;
    }
}
