using Reproduce.Experiments.Orders;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The Sudokus of the experiment, held to the rules written in another way and to hand-worked cases.</summary>
[TestClass]
public sealed class OrdersTests
{
    private static readonly Sudoku Small = Sudoku.OfSix;

    private const string Valid = "123456456123231564564231312645645312";

    [TestMethod]
    public void GridsFollowTheRules()
    {
        Assert.IsTrue(IsFilledByTheRules(Valid));
        var random = new Random(1);
        string[] grids = [.. Enumerable.Range(0, 50).Select(_ => Small.RandomGrid(random))];
        Assert.IsTrue(grids.All(IsFilledByTheRules));
        Assert.HasCount(50, grids.Distinct());
    }

    [TestMethod]
    public void GridsOfNineHaveEveryDigitInEveryGroup()
    {
        Sudoku nine = Sudoku.OfNine;
        string grid = nine.RandomGrid(new Random(1));
        var groups = new[]
        {
            grid.Index().GroupBy(cell => cell.Index / 9),
            grid.Index().GroupBy(cell => cell.Index % 9),
            grid.Index().GroupBy(cell => (cell.Index / 27 * 3) + (cell.Index % 9 / 3)),
        };
        foreach (var group in groups.SelectMany(kind => kind))
            Assert.AreEqual("123456789", string.Concat(group.Select(cell => cell.Item).Order()));
        string puzzle = nine.Puzzle(grid, given: 36, new Random(2));
        Assert.AreEqual(36, puzzle.Count(cell => cell != Sudoku.Blank));
        Assert.AreEqual(1, nine.CountSolutions(puzzle, limit: 2));
    }

    [TestMethod]
    public void SolutionsAreCountedAsByTryingEverything()
    {
        Assert.AreEqual(1, Small.CountSolutions(Valid, 9));
        Assert.AreEqual(5, Small.CountSolutions(new string(Sudoku.Blank, Small.CellCount), 5), "the limit");
        Assert.AreEqual(0, Small.CountSolutions("11" + new string(Sudoku.Blank, 34), 9), "a digit twice in a row");
        Assert.AreEqual(0, Small.CountSolutions("1000001" + new string(Sudoku.Blank, 29), 9), "a digit twice in a column");
        var random = new Random(2);
        for (int i = 0; i < 20; i++)
        {
            char[] cells = Small.RandomGrid(random).ToCharArray();
            // Two rows of a band, so that several solutions are likely.
            int[] blanks = [.. Enumerable.Range(0, 12).OrderBy(_ => random.Next()).Take(6)];
            foreach (int blank in blanks)
                cells[blank] = Sudoku.Blank;
            Assert.AreEqual(CountByTrying(cells, blanks), Small.CountSolutions(new string(cells), int.MaxValue));
        }
    }

    [TestMethod]
    public void ThereAreAsManyGridsAsIsSaid()
    {
        // Renaming digits turns any first row into 1 to 6, so each of the 720 first rows has as many grids.
        int ofOneRow = Small.CountSolutions("123456" + new string(Sudoku.Blank, 30), int.MaxValue);
        Assert.AreEqual(Small.GridCount, 720.0 * ofOneRow);
    }

    [TestMethod]
    [DataRow(14)]
    [DataRow(24)]
    public void PuzzlesHaveOneSolutionAndAsManyGivenCellsAsAskedFor(int given)
    {
        var random = new Random(3);
        for (int i = 0; i < 20; i++)
        {
            string grid = Small.RandomGrid(random), puzzle = Small.Puzzle(grid, given, random);
            Assert.AreEqual(given, puzzle.Count(cell => cell != Sudoku.Blank));
            Assert.IsTrue(puzzle.Zip(grid).All(cells => cells.First == Sudoku.Blank || cells.First == cells.Second));
            Assert.AreEqual(1, Small.CountSolutions(puzzle, 2));
        }
    }

    [TestMethod]
    public void AnAnswerIsScoredByItsBlanks()
    {
        var question = new Question("00" + Valid[2..], Valid);
        Assert.AreEqual(new SudokuScore(true, 1), SudokuScore.Of(Valid, question));
        Assert.AreEqual(new SudokuScore(false, 0.5), SudokuScore.Of("13" + Valid[2..], question));
        Assert.AreEqual(new SudokuScore(false, 0.5), SudokuScore.Of("1", question), "too short");
        Assert.AreEqual(new SudokuScore(false, 1), SudokuScore.Of(Valid + "1", question), "too long");
    }

    private static bool IsFilledByTheRules(string grid)
    {
        IEnumerable<string> rows = grid.Chunk(6).Select(row => new string(row));
        IEnumerable<string> columns = Enumerable.Range(0, 6).Select(column => string.Concat(rows.Select(row => row[column])));
        IEnumerable<string> boxes =
            from band in new[] { 0, 2, 4 }
            from side in new[] { 0, 3 }
            select string.Concat(rows.Skip(band).Take(2).Select(row => row.Substring(side, 3)));
        return rows.Concat(columns).Concat(boxes).All(group => string.Concat(group.Order()) == "123456");
    }

    private static int CountByTrying(char[] cells, int[] blanks)
    {
        int count = 0;
        for (int number = 0; number < (int)Math.Pow(6, blanks.Length); number++)
        {
            int rest = number;
            foreach (int blank in blanks)
            {
                cells[blank] = (char)('1' + (rest % 6));
                rest /= 6;
            }
            if (IsFilledByTheRules(new string(cells)))
                count++;
        }
        foreach (int blank in blanks)
            cells[blank] = Sudoku.Blank;
        return count;
    }
}
