using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;
using Reproduce.Results;
using Reproduce.Runs;

namespace Reproduce.Experiments.Steps;

/// <summary>
/// "Theoretical Benefit and Limitation of Diffusion Language Model" (Feng et al., 2025): how many steps a text needs depends on what is
/// asked of it.
/// </summary>
internal sealed class StepsExperiment : Experiment
{
    /// <summary>The published setting; a test makes it smaller.</summary>
    public StepsSettings Published { get; init; } = StepsSettings.Published;

    public override string Name => "steps";

    public override string Title => "How many steps a text needs: perplexity and whole-sequence errors against steps and length";

    public override string Full =>
        "learns a million texts of the grammar, of 64 to 512 letters, with a network of 19 million parameters in 100,000 steps of 256; no "
        + "--data";

    public override bool FullNeedsModels => false;

    public override string Method =>
        "A masked diffusion model learns the texts of a regular grammar of 16 letters, whose likelihoods are known exactly and in which "
        + "most sequences are impossible. Texts of four lengths are written in random order with 1, 2, 4, ... steps up to one step per "
        + "token, at temperature 1. Their perplexity under the true grammar, and the share of texts that the grammar does not have, are "
        + "measured. The truth has 0.1 % of chance mixed in for the perplexity, so that it is finite.";

    public override ExperimentResult Measure(Run run)
    {
        StepsSettings settings = run.Options.IsFull ? Published : StepsSettings.Small;
        var grammar = new Grammar(new Random(run.Options.Seed));
        TrainerOptions options = settings.Options(run.Options);
        using MaskedDiffusionModel model = run.Train("grammar", ModelKind.MaskedDiffusion, options, Texts(run, settings, grammar));
        Cell[] cells =
        [
            .. from length in settings.Lengths
               from steps in StepsOf(length)
               select run.Stage($"length {length}, {steps} steps", () => Write(model, grammar, settings, run.Options, length, steps)),
        ];
        Cell[] truth =
        [
            .. settings.Lengths.Select(length => run.Stage(
                $"true texts of length {length}", () => Truth(grammar, settings, run.Options, length))),
        ];
        return new ExperimentResult(
            Claims(settings, cells, truth), [Table(cells), TruthTable(truth)], new { Settings = settings, Network = model.Config },
            Plot(settings, cells, truth));
    }

    private static IDataView Texts(Run run, StepsSettings settings, Grammar grammar)
    {
        var random = new Random(run.Options.Seed + 1);
        return run.MLContext.Data.LoadFromEnumerable<TextRow>(
        [
            .. Enumerable.Range(0, settings.TrainingTexts)
                .Select(i => new TextRow { Text = grammar.Draw(settings.Lengths[i % settings.Lengths.Length], random) }),
        ]);
    }

    private static IEnumerable<int> StepsOf(int length)
    {
        for (int steps = 1; steps < length; steps *= 2)
            yield return steps;
        yield return length;
    }

    private static Cell Write(
        MaskedDiffusionModel model, Grammar grammar, StepsSettings settings, RunOptions run, int length, int steps)
    {
        // The last token is the end of the text.
        var generator = new TextGenerator(model, new GenerationOptions
        {
            MaxNewTokens = length + 1,
            MinNewTokens = length,
            Sampling = new SamplingOptions { Order = SamplingOrder.Random, Temperature = 1, Steps = steps, Seed = run.Seed },
        });
        return Measure(grammar, length, steps, [.. generator.GenerateSamples("", run.Scaled(settings.Samples)).Select(text => text.Text)]);
    }

    private static Cell Truth(Grammar grammar, StepsSettings settings, RunOptions run, int length)
    {
        var random = new Random(run.Seed + 2);
        return Measure(
            grammar, length, 0, [.. Enumerable.Range(0, run.Scaled(settings.Samples)).Select(_ => grammar.Draw(length, random))]);
    }

    private static Cell Measure(Grammar grammar, int length, int steps, string[] texts)
    {
        Interval nats = Interval.OfMean([.. texts.Select(text => grammar.NegativeLogLikelihood(text) / Math.Max(1, text.Length))]);
        Interval errors = Interval.OfShare(texts.Count(text => text.Length != length || !grammar.IsPossible(text)), texts.Length);
        return new Cell(length, steps, nats.Of(Math.Exp), errors);
    }

    private static ClaimResult[] Claims(StepsSettings settings, Cell[] cells, Cell[] truth)
    {
        int[] forPerplexity = Enough(settings, cells, (cell, _) =>
            cell.Perplexity.Value <= settings.NearPerplexity * truth.Single(one => one.Length == cell.Length).Perplexity.Value);
        int[] forSequences = Enough(settings, cells, (cell, best) => cell.ErrorRate.Value <= best.ErrorRate.Value + settings.NearErrorRate);
        Interval longest = cells[^1].ErrorRate;
        int growth = settings.Lengths[^1] / settings.Lengths[0];
        return
        [
            // Steps double from one row of the table to the next, so a factor of two is the resolution of the measurement.
            new ClaimResult(
                "The steps for a perplexity near the best do not grow with the length.", "constant in the length (theorem)",
                $"within 1.5 times that of the grammar's texts: {Shown(settings, forPerplexity)}",
                forPerplexity.Contains(0) ? Verdict.CannotBeTold
                    : forPerplexity[^1] <= 2 * forPerplexity[0] ? Verdict.Holds : Verdict.DoesNotHold),
            new ClaimResult(
                "The steps for whole sequences without an error grow in proportion to the length.", "linear in the length (theorem)",
                $"within 5 percentage points of the best: {Shown(settings, forSequences)}; impossible at one step per token: "
                + $"{longest.Percent()} of length {settings.Lengths[^1]}",
                longest.Value > settings.MostErrors ? Verdict.CannotBeTold
                    : 2 * forSequences[^1] >= growth * forSequences[0] ? Verdict.Holds
                    : forSequences[^1] > forSequences[0] ? Verdict.HoldsInPart : Verdict.DoesNotHold),
        ];
    }

    // The least steps of each length at which a figure is near, and from which on it stays so; 0 where it never is.
    private static int[] Enough(StepsSettings settings, Cell[] cells, Func<Cell, Cell, bool> isNear) =>
    [
        .. settings.Lengths.Select(length =>
        {
            Cell[] own = [.. cells.Where(cell => cell.Length == length)];
            return own.Reverse().TakeWhile(cell => isNear(cell, own[^1])).LastOrDefault()?.Steps ?? 0;
        }),
    ];

    private static string Shown(StepsSettings settings, int[] steps) => string.Join(
        ", ", settings.Lengths.Zip(steps, (length, needed) => $"{(needed == 0 ? "never" : $"{needed} steps")} at length {length}"));

    private static ResultTable Table(Cell[] cells) => new(
        "Written texts", ["length", "steps", "perplexity under the truth", "impossible texts (%)"],
        [.. cells.Select(cell => new object[] { cell.Length, cell.Steps, cell.Perplexity, cell.ErrorRate.Percent() })]);

    private static ResultTable TruthTable(Cell[] cells) => new(
        "Texts of the grammar itself", ["length", "perplexity under the truth", "impossible texts (%)"],
        [.. cells.Select(cell => new object[] { cell.Length, cell.Perplexity, cell.ErrorRate.Percent() })]);

    private static OxyPlot.PlotModel Plot(StepsSettings settings, Cell[] cells, Cell[] truth)
    {
        OxyPlot.PlotModel plot = Plots.Empty(
            "steps", "share of impossible texts; nats above the grammar's", isXLogarithmic: true, isYLogarithmic: true);
        foreach ((int look, int length) in settings.Lengths.Index())
        {
            Cell[] own = [.. cells.Where(cell => cell.Length == length)];
            double best = truth.Single(cell => cell.Length == length).Perplexity.Value;
            Plots.Add(plot, $"impossible, length {length}", look, own.Select(cell => ((double)cell.Steps, cell.ErrorRate.Of(Shown))));
            Plots.Add(plot, $"nats above, length {length}", look, own.Select(
                cell => ((double)cell.Steps, cell.Perplexity.Of(perplexity => Shown(Math.Log(perplexity / best))))), hasMarks: false);
        }
        return plot;
    }

    // What a logarithmic axis can show.
    private static double Shown(double value) => Math.Max(value, 1e-2);

    private sealed record Cell(int Length, int Steps, Interval Perplexity, Interval ErrorRate);
}
