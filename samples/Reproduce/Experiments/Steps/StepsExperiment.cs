using System.Globalization;
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
    private const int TrainingSteps = 4000, TrainingTexts = 40_000, Samples = 300;

    // A perplexity counts as near its best within so many times that of the language itself, a share of errors within so much of the one
    // at one step per token.
    private const double NearPerplexity = 1.5, NearErrorRate = 0.05;

    // A model that is wrong in more of the texts even at one step per token says nothing about what fewer steps cost.
    private const double MostErrors = 0.5;

    public override string Name => "steps";

    public override string Title => "How many steps a text needs: perplexity and whole-sequence errors against steps and length";

    public override string Method =>
        "Masked diffusion models learn two languages whose likelihoods are known exactly and in which most sequences are impossible: "
        + "a regular grammar of 16 letters, and sums of two numbers of one to three digits. Texts of several lengths are written in random "
        + "order with 1, 2, 4, ... steps up to one step per token, at temperature 1. Their perplexity under the true language, and the "
        + "share of texts that the language does not have, are measured. The truth has 0.1 % of chance mixed in for the perplexity, so "
        + "that it is finite.";

    public override ExperimentResult Measure(Run run)
    {
        Language[] languages = [new Grammar(new Random(run.Options.Seed)), new SumLanguage()];
        var cells = new List<Cell>();
        foreach (Language language in languages)
        {
            using MaskedDiffusionModel model =
                run.Train(language.Name, ModelKind.MaskedDiffusion, Options(run.Options, language), Texts(run, language));
            cells.AddRange(
                from length in language.Lengths
                from steps in StepsOf(length)
                select run.Stage($"{language.Name}, length {length}, {steps} steps",
                    () => Write(model, language, run.Options, length, steps)));
        }
        Cell[] truth =
        [
            .. from language in languages
               from length in language.Lengths
               select run.Stage($"true texts: {language.Name}, length {length}", () => Truth(language, run.Options, length)),
        ];
        TrainerOptions options = Options(run.Options, languages[0]);
        return new ExperimentResult(
            Claims(languages, cells, truth), [Table(cells), TruthTable(truth)],
            new { TrainingSteps, TrainingTexts, options.BatchSize, options.LearningRate, options.Network, Samples },
            Plot(languages, cells));
    }

    private static TrainerOptions Options(RunOptions run, Language language)
    {
        var network = new TransformerConfig
        {
            Name = "letters", LayerCount = 3, HeadCount = 3, EmbeddingSize = 96, FeedForwardSize = 384,
            ContextLength = language.Lengths[^1] + 2,
        };
        // Steps of about 1,000 letters in both languages.
        var training = new SmallTraining { BatchSize = 1000 / (int)language.Lengths.Average(), WarmStart = language.WarmStart };
        TrainerOptions options =
            training.Options(ModelKind.MaskedDiffusion, network, TokenizerSource.Bytes(), run.Scaled(TrainingSteps));
        options.Rows = new RowOptions { PackDocuments = false, Padding = RowPadding.None };
        return options;
    }

    private static IDataView Texts(Run run, Language language)
    {
        var random = new Random(run.Options.Seed + 1);
        int[] lengths = language.Lengths;
        return run.MLContext.Data.LoadFromEnumerable<TextRow>(
        [
            .. Enumerable.Range(0, TrainingTexts).Select(i => new TextRow { Text = language.Draw(lengths[i % lengths.Length], random) }),
        ]);
    }

    private static IEnumerable<int> StepsOf(int length)
    {
        for (int steps = 1; steps < length; steps *= 2)
            yield return steps;
        yield return length;
    }

    private static Cell Write(MaskedDiffusionModel model, Language language, RunOptions run, int length, int steps)
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

    private static Cell Truth(Language language, RunOptions run, int length)
    {
        var random = new Random(run.Seed + 2);
        return Measure(language, length, 0, [.. Enumerable.Range(0, run.Scaled(Samples)).Select(_ => language.Draw(length, random))]);
    }

    private static Cell Measure(Language language, int length, int steps, string[] texts)
    {
        Interval nats = Interval.OfMean([.. texts.Select(text => language.NegativeLogLikelihood(text) / Math.Max(1, text.Length))]);
        Interval errors = Interval.OfShare(texts.Count(text => text.Length != length || !language.IsPossible(text)), texts.Length);
        return new Cell(language.Name, length, steps, nats.Of(Math.Exp), errors);
    }

    private static ClaimResult[] Claims(Language[] languages, List<Cell> cells, Cell[] truth)
    {
        Language grammar = languages[0];
        int[] steps = Enough(grammar, cells, (cell, _) => cell.Perplexity.Value <= NearPerplexity * truth.Single(
            one => (one.Language, one.Length) == (cell.Language, cell.Length)).Perplexity.Value);
        return
        [
            // Steps double from one row of the table to the next, so a factor of two is the resolution of the measurement.
            new ClaimResult(
                "The steps for a perplexity near the best do not grow with the length.", "constant in the length (theorem)",
                $"{grammar.Name}, within 1.5 times that of the language: {Shown(grammar, steps)}",
                steps.Contains(0) ? Verdict.CannotBeTold : steps[^1] <= 2 * steps[0] ? Verdict.Holds : Verdict.DoesNotHold),
            .. languages.Select(language => OfSequences(language, cells)),
        ];
    }

    private static ClaimResult OfSequences(Language language, List<Cell> cells)
    {
        int[] steps = Enough(language, cells, (cell, best) => cell.ErrorRate.Value <= best.ErrorRate.Value + NearErrorRate);
        Interval longest = cells.Last(cell => cell.Language == language.Name).ErrorRate;
        double growth = (double)language.Lengths[^1] / language.Lengths[0];
        bool isProportional = 2.0 * steps[^1] >= growth * steps[0];
        return new ClaimResult(
            $"The steps for whole sequences without an error grow in proportion to the length ({language.Name}).",
            "linear in the length (theorem)",
            $"within 5 percentage points of the best: {Shown(language, steps)}; impossible at one step per token: {longest.Percent()} "
            + string.Create(CultureInfo.InvariantCulture, $"of length {language.Lengths[^1]}"),
            longest.Value > MostErrors ? Verdict.CannotBeTold
                : isProportional && steps[^1] > steps[0] ? Verdict.Holds
                : steps[^1] > steps[0] ? Verdict.HoldsInPart : Verdict.DoesNotHold);
    }

    // The least steps of each length at which a figure is near, and from which on it stays so; 0 where it never is.
    private static int[] Enough(Language language, List<Cell> cells, Func<Cell, Cell, bool> isNear) =>
    [
        .. language.Lengths.Select(length =>
        {
            Cell[] own = [.. cells.Where(cell => (cell.Language, cell.Length) == (language.Name, length))];
            return own.Reverse().TakeWhile(cell => isNear(cell, own[^1])).LastOrDefault()?.Steps ?? 0;
        }),
    ];

    private static string Shown(Language language, int[] steps) => string.Join(", ", language.Lengths.Zip(
        steps, (length, needed) =>
            $"{(needed == 0 ? "never" : $"{needed} steps")} at length {length}"));

    private static ResultTable Table(List<Cell> cells) => new(
        "Written texts", ["language", "length", "steps", "perplexity under the truth", "impossible texts (%)"],
        [.. cells.Select(cell => new object[] { cell.Language, cell.Length, cell.Steps, cell.Perplexity, cell.ErrorRate.Percent() })]);

    private static ResultTable TruthTable(Cell[] cells) => new(
        "Texts of the languages themselves", ["language", "length", "perplexity under the truth", "impossible texts (%)"],
        [.. cells.Select(cell => new object[] { cell.Language, cell.Length, cell.Perplexity, cell.ErrorRate.Percent() })]);

    private static OxyPlot.PlotModel Plot(Language[] languages, List<Cell> cells)
    {
        OxyPlot.PlotModel plot = Plots.Empty("steps", "share of impossible texts; excess of perplexity", isXLogarithmic: true);
        Language grammar = languages[0];
        foreach ((int look, int length) in grammar.Lengths.Index())
        {
            Cell[] own = [.. cells.Where(cell => (cell.Language, cell.Length) == (grammar.Name, length))];
            Plots.Add(plot, $"errors, length {length}", look, own.Select(cell => ((double)cell.Steps, cell.ErrorRate)));
            double best = own[^1].Perplexity.Value;
            IEnumerable<(double, Interval)> excess = own.Select(cell => ((double)cell.Steps, cell.Perplexity.Of(y => (y / best) - 1)));
            Plots.Add(plot, $"perplexity, length {length}", look, excess, hasMarks: false);
        }
        return plot;
    }

    private sealed record Cell(string Language, int Length, int Steps, Interval Perplexity, Interval ErrorRate);
}
