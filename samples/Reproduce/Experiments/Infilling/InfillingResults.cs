using OxyPlot;
using Reproduce.Results;

namespace Reproduce.Experiments.Infilling;

/// <summary>What the answers say about the claims.</summary>
internal static class InfillingResults
{
    // A model that restores fewer of the shortest gaps says nothing about what longer ones or unknown lengths cost.
    private const double LeastShare = 0.1;

    public static ExperimentResult Conclude(
        InfillingSettings settings, int trainingRows, Trained[] models, Answers[] answers)
    {
        ClaimResult[] claims =
        [
            Compare("Masked diffusion, which sees both sides of a gap, restores more than an autoregressive model that sees the left side.",
                "expected, because it sees more; no published figure", answers, isLengthKnown: true, Filler.MaskedDiffusion,
                Filler.LeftToRight),
            Compare("An autoregressive model that sees both sides restores more than masked diffusion.",
                "MARIA, which joins an autoregressive and a masked model, restores more than masked diffusion models", answers,
                isLengthKnown: true, Filler.MiddleLast, Filler.MaskedDiffusion),
            Cost(answers),
            Compare("An autoregressive model that sees both sides restores more than masked diffusion where both have to find the length.",
                "no published figure", answers, isLengthKnown: false, Filler.MiddleLast, Filler.MaskedDiffusion),
        ];
        return new ExperimentResult(
            claims, [RestoredTable(settings, answers), LengthTable(answers), ModelTable(models), ExampleTable(answers)],
            new { settings, TrainingRows = trainingRows }, Plot(answers));
    }

    private static Answers Find(Answers[] answers, Filler filler, int words, bool isLengthKnown) =>
        answers.Single(answer => (answer.Filler, answer.Words, answer.IsLengthKnown) == (filler, words, isLengthKnown));

    private static int[] Lengths(Answers[] answers) => [.. answers.Select(answer => answer.Words).Distinct()];

    private static Interval[] Differences(Answers[] answers, bool isLengthKnown, Filler one, Filler other) =>
    [
        .. Lengths(answers).Select(
            words => Find(answers, one, words, isLengthKnown).Difference(Find(answers, other, words, isLengthKnown))),
    ];

    private static ClaimResult Compare(
        string claim, string published, Answers[] answers, bool isLengthKnown, Filler one, Filler other)
    {
        Interval[] differences = Differences(answers, isLengthKnown, one, other);
        Answers shortest = Find(answers, one, Lengths(answers)[0], isLengthKnown);
        Answers otherShortest = Find(answers, other, Lengths(answers)[0], isLengthKnown);
        bool isGoodEnough = Math.Max(shortest.Share.Value, otherShortest.Share.Value) >= LeastShare;
        return new ClaimResult(claim, published, Measured(answers, differences), isGoodEnough ? Judge(differences) : Verdict.CannotBeTold);
    }

    /// <summary>Whether differences of all lengths are above 0: all, some, or none.</summary>
    internal static Verdict Judge(Interval[] differences)
    {
        if (differences.All(difference => difference.Low > 0))
            return Verdict.Holds;
        if (differences.Any(difference => difference.Low > 0))
            return Verdict.HoldsInPart;
        return differences.Any(difference => difference.High < 0) ? Verdict.DoesNotHold : Verdict.CannotBeTold;
    }

    private static ClaimResult Cost(Answers[] answers)
    {
        Interval[] differences =
        [
            .. Lengths(answers).Select(words => Find(answers, Filler.MaskedDiffusion, words, true)
                .Difference(Find(answers, Filler.MaskedDiffusion, words, false))),
        ];
        bool isGoodEnough = Find(answers, Filler.MaskedDiffusion, Lengths(answers)[0], true).Share.Value >= LeastShare;
        return new ClaimResult(
            "Masked diffusion restores fewer gaps where it has to find the length.", "no published figure",
            Measured(answers, differences), isGoodEnough ? Judge(differences) : Verdict.CannotBeTold);
    }

    private static string Measured(Answers[] answers, Interval[] differences) => "difference in percentage points: " + string.Join("; ",
        Lengths(answers).Zip(differences, (words, difference) => $"{Counted(words)} {difference.Points()}"));

    private static string Counted(int words) => words == 1 ? "1 word" : $"{words} words";

    private static ResultTable RestoredTable(InfillingSettings settings, Answers[] answers) => new(
        "Restored gaps", ["model", "number of tokens", .. settings.GapLengths.Select(Counted)],
        [
            .. answers.GroupBy(answer => (answer.Filler, answer.IsLengthKnown)).OrderByDescending(group => group.Key.IsLengthKnown)
                .Select(group => (object[])
                [
                    group.Key.Filler.Words(), group.Key.IsLengthKnown ? "given" : "found by the model",
                    .. group.Select(answer => answer.Share.Percent()),
                ]),
        ]);

    private static ResultTable LengthTable(Answers[] answers) => new(
        "Gaps whose number of tokens the model found", ["model", .. Lengths(answers).Select(Counted)],
        [
            .. answers.Where(answer => !answer.IsLengthKnown).GroupBy(answer => answer.Filler)
                .Select(group => (object[])[group.Key.Words(), .. group.Select(answer => answer.LengthShare.Percent())]),
        ]);

    private static ResultTable ModelTable(Trained[] models) => new(
        "Models", ["model", "parameters outside embeddings", "steps", "loss on held-out rows in its own order (nats per token)"],
        [.. models.Select(model => new object[] { model.Filler.Words(), model.Parameters, (object?)model.Steps ?? "", model.Loss })]);

    private static ResultTable ExampleTable(Answers[] answers) => new(
        "The first gaps", ["row", "model", "number of tokens", "filling"],
        [
            .. from words in Lengths(answers)
               from answer in answers
               where answer.Words == words
               from example in answer.Examples
               group (answer, example) by $"{example.Row.Left} [{example.Row.Middle[1..]}]{example.Row.Right}" into row
               from pair in row
               select new object[]
               {
                   row.Key, pair.answer.Filler.Words(), pair.answer.IsLengthKnown ? "given" : "found", pair.example.Filling ?? "no end",
               },
        ]);

    private static PlotModel Plot(Answers[] answers)
    {
        PlotModel plot = Plots.Empty("words of the gap", "share of gaps restored");
        int look = 0;
        foreach (IGrouping<(Filler Filler, bool IsLengthKnown), Answers> series in answers
            .GroupBy(answer => (answer.Filler, answer.IsLengthKnown)).OrderByDescending(group => group.Key.IsLengthKnown))
        {
            Plots.Add(plot, series.Key.Filler.Words() + (series.Key.IsLengthKnown ? "" : ", length found"), look++,
                series.Select(answer => ((double)answer.Words, answer.Share)));
        }
        return plot;
    }
}
