using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;
using Reproduce.Results;
using Reproduce.Runs;

namespace Reproduce.Experiments.Orders;

/// <summary>
/// "Train for the Worst, Plan for the Best" (Kim et al., 2025): the order in which masked diffusion fills in a Sudoku decides whether it is
/// solved.
/// </summary>
internal sealed class OrdersExperiment : Experiment
{
    /// <summary>The published setting; a test makes it smaller.</summary>
    public OrdersSettings Published { get; init; } = OrdersSettings.Published;

    public override string Name => "orders";

    public override string Title => "Sudoku by order of filling in: random, adaptive, left to right";

    public override string Full =>
        "trains a masked diffusion model of 6 million and an autoregressive one of 42 million parameters for 300 epochs of 1.8 million "
        + $"Sudokus of 9 x 9 cells, --data's {PuzzleFile.Training} and {PuzzleFile.Test} (Shah et al., 2024); without --data on easy ones "
        + "that it makes";

    public override bool FullNeedsModels => false;

    public override string Method =>
        "Sudokus of 6 x 6 cells with a single solution are generated. A masked diffusion model learns filled grids and sees no puzzle; the "
        + "given cells of a test puzzle then stand where they are, and it fills in the others in five orders at temperature 0, with one "
        + "cell in each step or with more. An autoregressive model of the same network learns, in the same steps from the same grids, to "
        + "write the grid after a puzzle, and writes it from left to right: it has the same information, and sees puzzles like those of "
        + "the test. One character is one token. No grid of the test is among those of the training. Differences are between the answers "
        + "to the same puzzles. In the published setting the Sudokus have 9 x 9 cells, and the autoregressive model is seven times as "
        + "large.";

    public override ExperimentResult Measure(Run run)
    {
        OrdersSettings settings = run.Options.IsFull ? Published : OrdersSettings.Small;
        PuzzleSets puzzles = PuzzleSets.Of(run, settings);
        Question[] test = puzzles.Test;
        var answers = new List<Answered>();
        var losses = new List<GridLoss>();
        foreach (ModelKind kind in Enum.GetValues<ModelKind>())
        {
            IDataView rows = run.MLContext.Data.LoadFromEnumerable(
                puzzles.Training.Select(question => new FineTuningRow(Prompt(question, kind), "", question.Grid)));
            TrainerOptions options =
                settings.TrainingOf(kind).Options(kind, TokenizerSource.Bytes(), settings.ContextLength, run.Options);
            using MaskedDiffusionModel model = run.Train(kind.ToString(), kind, options, rows);
            losses.Add(run.Stage($"{kind.Words()}: loss of the grids", () => Loss(model, kind, settings, test, run.Options)));
            (string Order, int Steps)[] ways = kind == ModelKind.Autoregressive
                ? [(SamplingOrder.LeftToRight.Name, settings.Sudoku.CellCount)]
                : [.. settings.Orders.SelectMany(order => settings.Steps.Select(steps => (order, steps)))];
            answers.AddRange(
                from way in ways
                select run.Stage($"{kind.Words()}, {way.Order}, {way.Steps} steps", () => new Answered(kind, way.Order, way.Steps,
                    [.. Answers(model, kind, way.Order, way.Steps, test, run.Options)
                        .Zip(test, (answer, question) => SudokuScore.Of(answer, question))])));
        }
        return Conclude(settings, puzzles, [.. answers], [.. losses]);
    }

    // What stands before a grid. Masked diffusion needs nothing: what is given of a grid stands in the grid itself.
    private static string Prompt(Question question, ModelKind kind) =>
        kind == ModelKind.Autoregressive ? question.Puzzle + OrdersSettings.Separator : "";

    private static string[] Answers(
        MaskedDiffusionModel model, ModelKind kind, string order, int steps, Question[] questions, RunOptions run)
    {
        var sampling = new SamplingOptions { Order = SamplingOrder.FromName(order), Temperature = 0, Steps = steps, Seed = run.Seed };
        if (kind == ModelKind.MaskedDiffusion)
        {
            const string Gap = "[MASK]";
            return new Infiller(model, sampling).Fill(
                [.. questions.Select(question => question.Puzzle.Replace($"{Sudoku.Blank}", Gap, StringComparison.Ordinal))]);
        }
        int cells = questions[0].Grid.Length;
        var generator = new TextGenerator(
            model, new GenerationOptions { MaxNewTokens = cells, MinNewTokens = cells, Sampling = sampling });
        return [.. generator.Generate([.. questions.Select(question => Prompt(question, kind))]).Select(text => text.Text)];
    }

    private static GridLoss Loss(
        MaskedDiffusionModel model, ModelKind kind, OrdersSettings settings, Question[] questions, RunOptions run)
    {
        var options = new LikelihoodOptions { Seed = run.Seed };
        if (kind == ModelKind.MaskedDiffusion)
            options.Samples = settings.LikelihoodSamples;
        var scorer = new LikelihoodScorer(model, options, separator: "");
        TextLikelihood[] scores = scorer.Score([.. questions.Select(question =>
            new ScoredText(question.Grid, kind == ModelKind.Autoregressive ? Prompt(question, kind) : null))]);
        return new GridLoss(kind, Interval.OfMean([.. scores.Select(score => score.NegativeLogLikelihood / score.TokenCount)]));
    }

    private static ExperimentResult Conclude(OrdersSettings settings, PuzzleSets puzzles, Answered[] answers, GridLoss[] losses)
    {
        int most = settings.Steps[^1];
        Answered[] single = [.. answers.Where(answer => answer.Steps == most && answer.Kind == ModelKind.MaskedDiffusion)];
        Answered random = single.Single(answer => answer.Order == SamplingOrder.Random.Name);
        Answered adaptive = single.Single(answer => answer.Order == SamplingOrder.Margin.Name);
        Answered confident = single.Single(answer => answer.Order == SamplingOrder.Confidence.Name);
        Answered autoregressive = answers.Single(answer => answer.Kind == ModelKind.Autoregressive);
        bool isAnySolved = answers.Max(answer => answer.Solved.Value) >= settings.LeastSolved;
        ClaimResult[] claims =
        [
            Compare("Masked diffusion solves more Sudokus in an adaptive order than in a random one.", "about 90 % against below 7 %",
                adaptive, random, isAnySolved),
            Compare("In an adaptive order masked diffusion solves more than an autoregressive model does.",
                $"above an autoregressive model of 7 times the size; here of {SizeOfOther(settings)}", adaptive,
                autoregressive, isAnySolved),
            Compare("The margin between the two likeliest digits is a better order than the likelihood of the likeliest.",
                "better on Sudoku, where several digits are often equally likely", adaptive, confident, isAnySolved),
        ];
        ResultTable table = new("Solved puzzles", ["model", "order", "steps", "solved", "right blanks"],
        [
            .. answers.Select(answer => new object[]
            {
                answer.Kind.Words(), answer.Order, answer.Steps, answer.Solved.Percent(), answer.RightBlanks.Percent(),
            }),
        ]);
        Sudoku sudoku = settings.Sudoku;
        ResultTable loss = new("Loss of the test's grids (nats per cell)", ["model", "of a grid", "loss", "least possible"],
        [
            .. losses.Select(loss => loss.Kind == ModelKind.Autoregressive
                ? new object[] { loss.Kind.Words(), "after its puzzle", loss.Loss, 0.0 }
                : [loss.Kind.Words(), "by itself (a bound)", loss.Loss, Math.Log(sudoku.GridCount) / sudoku.CellCount]),
        ]);
        return new ExperimentResult(
            claims, [table, loss], new { settings, puzzles.Source, TrainingRows = puzzles.Training.Length }, Plot(answers));
    }

    private static string SizeOfOther(OrdersSettings settings)
    {
        double times = (double)settings.TrainingOf(ModelKind.Autoregressive).Parameters / settings.Training.Parameters;
        return times == 1 ? "the same size" : string.Create(CultureInfo.InvariantCulture, $"{times:F1} times the size");
    }

    private static ClaimResult Compare(string claim, string published, Answered one, Answered other, bool isAnySolved)
    {
        Interval difference = Interval.OfShareDifference(
            one.Scores.Select(score => score.IsSolved), other.Scores.Select(score => score.IsSolved));
        return new ClaimResult(claim, published,
            $"{one.Solved.Percent()} against {other.Solved.Percent()}, difference {difference.Percent()}",
            isAnySolved ? Verdicts.IsAbove(difference) : Verdict.CannotBeTold);
    }

    private static OxyPlot.PlotModel Plot(Answered[] answers)
    {
        OxyPlot.PlotModel plot = Plots.Empty(
            "steps in which the blank cells are filled in", "share of solved puzzles", isXLogarithmic: true);
        int look = 0;
        foreach (IGrouping<(ModelKind Kind, string Order), Answered> series in answers
            .GroupBy(answer => (answer.Kind, answer.Order)))
        {
            string name = series.Key.Kind == ModelKind.Autoregressive ? series.Key.Kind.Words() : series.Key.Order;
            Plots.Add(plot, name, look++, series.Select(answer => ((double)answer.Steps, answer.Solved)));
        }
        return plot;
    }

    private sealed record GridLoss(ModelKind Kind, Interval Loss);

    private sealed record Answered(ModelKind Kind, string Order, int Steps, SudokuScore[] Scores)
    {
        public Interval Solved => Interval.OfShare(Scores.Count(score => score.IsSolved), Scores.Length);

        // The cells of a puzzle depend on each other, so puzzles are what the interval is over.
        public Interval RightBlanks => Interval.OfMean([.. Scores.Select(score => score.RightBlanks)]);
    }
}
