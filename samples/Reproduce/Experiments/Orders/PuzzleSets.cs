using Reproduce.Runs;

namespace Reproduce.Experiments.Orders;

/// <summary>The puzzles of a run. No grid of the test is among those that are learned.</summary>
/// <param name="Source">Where they are from.</param>
/// <param name="Training">The puzzles that are learned.</param>
/// <param name="Test">The puzzles of the test.</param>
internal sealed record PuzzleSets(string Source, Question[] Training, Question[] Test)
{
    /// <summary>The puzzles of the files where the setting reads files and a folder is named; else new ones.</summary>
    public static PuzzleSets Of(Run run, OrdersSettings settings) =>
        run.Options.IsFull && run.Options.DataFolder is not null ? Read(run, settings) : Generate(run.Options, settings);

    private static PuzzleSets Generate(RunOptions run, OrdersSettings settings)
    {
        var random = new Random(run.Seed);
        var known = new HashSet<string>();
        Question[] test = Draw(settings.Questions);
        return new PuzzleSets("made by the program", Draw(settings.GeneratedPuzzles ?? settings.TrainingPuzzles), test);

        Question[] Draw(int count) =>
        [
            .. Enumerable.Range(0, run.Scaled(count)).Select(_ =>
            {
                string grid = settings.Sudoku.RandomGrid(random);
                while (!known.Add(grid))
                    grid = settings.Sudoku.RandomGrid(random);
                return new Question(settings.Sudoku.Puzzle(grid, settings.Given, random), grid);
            }),
        ];
    }

    private static PuzzleSets Read(Run run, OrdersSettings settings)
    {
        const string Source = "the Sudokus of Shah et al., 2024";
        Question[] test = [.. PuzzleFile.Read(run.DataFile(PuzzleFile.Test, Source)).Take(run.Options.Scaled(settings.Questions))];
        HashSet<string> known = [.. test.Select(question => question.Grid)];
        string training = run.DataFile(PuzzleFile.Training, Source);
        return new PuzzleSets(Source,
        [
            .. PuzzleFile.Read(training).Where(question => !known.Contains(question.Grid))
                .Take(run.Options.Scaled(settings.TrainingPuzzles)),
        ], test);
    }
}
