using Reproduce.Experiments.Common;

namespace Reproduce.Experiments.Orders;

/// <summary>
/// A file with the Sudokus of "Causal Language Modeling Can Elicit Search and Reasoning Capabilities on Logic Puzzles" (Shah et al., 2024):
/// a NumPy table of integers with a puzzle in each row. First comes the number of given cells; then, the given cells before the others,
/// four numbers for each of the 81 cells: its row and column from 0 on, its digit, and how a solver finds it.
/// </summary>
internal static class PuzzleFile
{
    public const string Training = "sudoku-train-data.npy", Test = "sudoku-test-data.npy";

    private const int NumbersOfCell = 4;

    /// <summary>The puzzles in order, read as they are asked for.</summary>
    /// <exception cref="InvalidDataException">The file is no such table, or a row no Sudoku; the message names it.</exception>
    public static IEnumerable<Question> Read(string path)
    {
        Sudoku sudoku = Sudoku.OfNine;
        int columns = 1 + (NumbersOfCell * sudoku.CellCount);
        foreach ((int row, long[] numbers) in NumpyTable.Read(path, columns).Index())
        {
            if (!TryRead(numbers, sudoku, out Question question))
            {
                throw new InvalidDataException(
                    $"{path}, row {row}: it is no Sudoku. A row is the number of given cells, then row, column, digit and strategy of "
                    + "each of the 81 cells.");
            }
            yield return question;
        }
    }

    private static bool TryRead(long[] numbers, Sudoku sudoku, out Question question)
    {
        char[] puzzle = Blank(sudoku), grid = Blank(sudoku);
        question = new Question("", "");
        if (numbers[0] < 1 || numbers[0] >= sudoku.CellCount)
            return false;
        for (int i = 0; i < sudoku.CellCount; i++)
        {
            ReadOnlySpan<long> own = numbers.AsSpan(1 + (NumbersOfCell * i), NumbersOfCell);
            (long row, long column, long digit) = (own[0], own[1], own[2]);
            if (row < 0 || row >= sudoku.Side || column < 0 || column >= sudoku.Side || digit < 1 || digit > sudoku.Side)
                return false;
            int cell = (int)((row * sudoku.Side) + column);
            grid[cell] = (char)('0' + digit);
            if (i < numbers[0])
                puzzle[cell] = grid[cell];
        }
        question = new Question(new string(puzzle), new string(grid));
        // A cell that was given twice leaves another one blank.
        return !grid.Contains(Sudoku.Blank) && sudoku.CountSolutions(question.Grid, limit: 1) == 1;
    }

    private static char[] Blank(Sudoku sudoku) => new string(Sudoku.Blank, sudoku.CellCount).ToCharArray();
}
