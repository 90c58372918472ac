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
    private const int TrainingSteps = 6000, TrainingTexts = 20_000, Samples = 200;

    // Within so much of the value at one step per token, a figure counts as near its best.
    private const double NearPerplexity = 1.05, NearErrorRate = 0.05;

    // A model that is wrong in more of the texts even at one step per token says nothing about what fewer steps cost.
    private const double MostErrors = 0.5;

    private static readonly int[] Lengths = [16, 32, 64, 128];

    public override string Name => "steps";

    public override string Title => "How many steps a text needs: perplexity and whole-sequence errors against steps and length";

    public override string Method =>
        "A masked diffusion model learns a language of letters with a hidden state, whose likelihoods are known exactly and in which most "
        + "sequences are impossible. Texts of four lengths are written in random order with 1, 2, 4, ... steps up to one step per token, "
        + "at temperature 1. Their perplexity under the true language, and the share of texts that the language does not have, are "
        + "measured. The truth has 0.1 % of chance mixed in for the perplexity, so that it is finite.";

    public override ExperimentResult Measure(Run run)
    {
        var language = new HiddenMarkovLanguage(new Random(run.Options.Seed));
        TrainerOptions options = Options(run.Options);
        using MaskedDiffusionModel model = run.Train("language", ModelKind.MaskedDiffusion, options, Texts(run, language));
        Cell[] cells =
        [
            .. from length in Lengths
               from steps in StepsOf(length)
               select run.Stage($"length {length}, {steps} steps", () => Write(model, language, run.Options, length, steps)),
        ];
        Cell[] truth =
            [.. Lengths.Select(length => run.Stage($"true texts of length {length}", () => Truth(language, run.Options, length)))];
        return new ExperimentResult(
            Claims(cells), [Table(cells), TruthTable(truth)],
            new { TrainingSteps = options.MaxSteps, options.BatchSize, options.LearningRate, options.Network, Samples, Lengths },
            Plot(cells));
    }

    private static TrainerOptions Options(RunOptions run) => new()
    {
        Network = new TransformerConfig
        {
            Name = "letters", LayerCount = 3, HeadCount = 3, EmbeddingSize = 96, FeedForwardSize = 384, ContextLength = Lengths[^1] + 2,
        },
        Tokenizer = TokenizerSource.Bytes(),
        MaxSteps = run.Scaled(TrainingSteps),
        BatchSize = 16,
        LearningRate = 3e-3,
        Rows = { PackDocuments = false, Padding = RowPadding.None },
        Noise = { LossWeighting = LossWeighting.Uniform, Levels = NoiseLevels.Stratified },
        Optimizer = { Beta2 = 0.99, MinLearningRateRatio = 0.01 },
    };

    private static IDataView Texts(Run run, HiddenMarkovLanguage language)
    {
        var random = new Random(run.Options.Seed + 1);
        TextRow[] rows =
        [
            .. Enumerable.Range(0, TrainingTexts).Select(i => new TextRow { Text = language.Draw(Lengths[i % Lengths.Length], random) }),
        ];
        return run.MLContext.Data.LoadFromEnumerable(rows);
    }

    private static IEnumerable<int> StepsOf(int length)
    {
        for (int steps = 1; steps <= length; steps *= 2)
            yield return steps;
    }

    private static Cell Write(MaskedDiffusionModel model, HiddenMarkovLanguage language, RunOptions run, int length, int steps)
    {
        // The last token is the end of the text.
        var generator = new TextGenerator(model, new GenerationOptions
        {
            MaxNewTokens = length + 1,
            MinNewTokens = length,
            Sampling = new SamplingOptions { Order = SamplingOrder.Random, Temperature = 1, Steps = steps, Seed = run.Seed },
        });
        return Measure(language, length, steps, [.. generator.GenerateSamples("", run.Scaled(Samples)).Select(text => text.Text)]);
    }

    private static Cell Truth(HiddenMarkovLanguage language, RunOptions run, int length)
    {
        var random = new Random(run.Seed + 2);
        return Measure(language, length, 0, [.. Enumerable.Range(0, run.Scaled(Samples)).Select(_ => language.Draw(length, random))]);
    }

    private static Cell Measure(HiddenMarkovLanguage language, int length, int steps, string[] texts)
    {
        Interval nats = Interval.OfMean([.. texts.Select(text => language.NegativeLogLikelihood(text) / Math.Max(1, text.Length))]);
        Interval errors = Interval.OfShare(texts.Count(text => text.Length != length || !language.IsPossible(text)), texts.Length);
        return new Cell(length, steps, nats.Of(Math.Exp), errors);
    }

    private static ClaimResult[] Claims(Cell[] cells)
    {
        int[] forPerplexity = Enough(cells, (cell, best) => cell.Perplexity.Value <= best.Perplexity.Value * NearPerplexity);
        int[] forSequences = Enough(cells, (cell, best) => cell.ErrorRate.Value <= best.ErrorRate.Value + NearErrorRate);
        int growth = Lengths[^1] / Lengths[0];
        // Steps double from one row of the table to the next, so a factor of two is the resolution of the measurement.
        bool isFlat = forPerplexity[^1] <= 2 * forPerplexity[0];
        bool isProportional = forSequences[^1] * 2 >= growth * forSequences[0];
        bool isGoodEnough = cells[^1].ErrorRate.Value <= MostErrors;
        return
        [
            new ClaimResult(
                "The steps for a perplexity near the best do not grow with the length.", "constant in the length (theorem)",
                $"within 5 % of the best: {Shown(forPerplexity)}", isFlat ? Verdict.Holds : Verdict.DoesNotHold),
            new ClaimResult(
                "The steps for whole sequences without an error grow in proportion to the length.", "linear in the length (theorem)",
                $"within 5 percentage points of the best: {Shown(forSequences)}; impossible at one step per token: "
                + $"{cells[^1].ErrorRate.Percent()} of length {Lengths[^1]}",
                !isGoodEnough ? Verdict.CannotBeTold
                    : isProportional ? Verdict.Holds
                    : forSequences[^1] > forSequences[0] ? Verdict.HoldsInPart : Verdict.DoesNotHold),
        ];
    }

    // The least steps of each length at which a figure is near the one at one step per token, and stays there.
    private static int[] Enough(Cell[] cells, Func<Cell, Cell, bool> isNear) =>
    [
        .. Lengths.Select(length =>
        {
            Cell[] own = [.. cells.Where(cell => cell.Length == length)];
            return own.Reverse().TakeWhile(cell => isNear(cell, own[^1])).Last().Steps;
        }),
    ];

    private static string Shown(int[] steps) =>
        string.Join(", ", Lengths.Zip(steps, (length, needed) => $"{needed} steps at length {length}"));

    private static ResultTable Table(Cell[] cells) => new(
        "Written texts", ["length", "steps", "perplexity under the truth", "impossible texts (%)"],
        [.. cells.Select(cell => new object[] { cell.Length, cell.Steps, cell.Perplexity, cell.ErrorRate.Percent() })]);

    private static ResultTable TruthTable(Cell[] cells) => new(
        "Texts of the language itself", ["length", "perplexity under the truth", "impossible texts (%)"],
        [.. cells.Select(cell => new object[] { cell.Length, cell.Perplexity, cell.ErrorRate.Percent() })]);

    private static OxyPlot.PlotModel Plot(Cell[] cells)
    {
        OxyPlot.PlotModel plot = Plots.Empty("steps", "share of impossible texts; excess of perplexity", isXLogarithmic: true);
        foreach ((int look, int length) in Lengths.Index())
        {
            Cell[] own = [.. cells.Where(cell => cell.Length == length)];
            Plots.Add(plot, $"errors, length {length}", look, own.Select(cell => ((double)cell.Steps, cell.ErrorRate)));
            double best = own[^1].Perplexity.Value;
            IEnumerable<(double, Interval)> excess = own.Select(cell => ((double)cell.Steps, cell.Perplexity.Of(y => (y / best) - 1)));
            Plots.Add(plot, $"perplexity, length {length}", look, excess, hasMarks: false);
        }
        return plot;
    }

    private sealed record Cell(int Length, int Steps, Interval Perplexity, Interval ErrorRate);
}
