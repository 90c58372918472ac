namespace Reproduce.Experiments.Orders;

/// <summary>A puzzle and its only solution.</summary>
internal sealed record Question(string Puzzle, string Grid);

/// <summary>How right an answer is.</summary>
/// <param name="IsSolved">Whether all cells are those of the solution.</param>
/// <param name="RightBlanks">The share of the puzzle's blank cells that are those of the solution.</param>
internal readonly record struct SudokuScore(bool IsSolved, double RightBlanks)
{
    /// <summary>Scores an answer; cells that it lacks are wrong.</summary>
    public static SudokuScore Of(string answer, Question question)
    {
        int[] blanks = [.. Enumerable.Range(0, question.Puzzle.Length).Where(cell => question.Puzzle[cell] == Sudoku.Blank)];
        int right = blanks.Count(cell => cell < answer.Length && answer[cell] == question.Grid[cell]);
        return new SudokuScore(answer == question.Grid, (double)right / blanks.Length);
    }
}
