namespace Reproduce.Experiments.Orders;

/// <summary>
/// Sudoku with boxes of some rows by some columns; a side has as many cells as a box. A grid is a text of its cells, row by row: digits
/// from 1 on, and 0 for a cell that is blank.
/// </summary>
internal sealed class Sudoku
{
    public const char Blank = '0';

    private readonly int _allDigits;

    // The three groups of each cell: its row, its column and its box.
    private readonly int[][] _groupsOfCell;

    private Sudoku(int boxRows, int boxColumns, double gridCount)
    {
        (BoxRows, BoxColumns, GridCount) = (boxRows, boxColumns, gridCount);
        _allDigits = (1 << (Side + 1)) - 2;
        _groupsOfCell =
        [
            .. Enumerable.Range(0, CellCount).Select(cell =>
            {
                (int row, int column) = (cell / Side, cell % Side);
                return new[] { row, Side + column, (2 * Side) + (row / boxRows * boxRows) + (column / boxColumns) };
            }),
        ];
    }

    /// <summary>6 x 6 cells.</summary>
    public static Sudoku OfSix { get; } = new(boxRows: 2, boxColumns: 3, gridCount: 28_200_960);

    /// <summary>9 x 9 cells, as in newspapers; its grids were counted by Felgenhauer and Jarvis (2005).</summary>
    public static Sudoku OfNine { get; } = new(boxRows: 3, boxColumns: 3, gridCount: 6_670_903_752_021_072_936_960d);

    public int BoxRows { get; }

    public int BoxColumns { get; }

    public int Side => BoxRows * BoxColumns;

    public int CellCount => Side * Side;

    /// <summary>How many filled grids there are.</summary>
    public double GridCount { get; }

    /// <summary>A grid that is filled by the rules.</summary>
    public string RandomGrid(Random random)
    {
        string? found = null;
        Search(new string(Blank, CellCount), random, limit: 1, grid => found = grid);
        return found!;
    }

    /// <summary>How many ways there are to fill a puzzle's blanks by the rules, counted up to a limit.</summary>
    public int CountSolutions(string puzzle, int limit) => Search(puzzle, random: null, limit, _ => { });

    /// <summary>
    /// Blanks cells of a filled grid, in a random order, as long as the puzzle has a single solution and more than the asked for number of
    /// cells are given.
    /// </summary>
    public string Puzzle(string grid, int given, Random random)
    {
        int[] order = [.. Enumerable.Range(0, CellCount)];
        random.Shuffle(order);
        char[] cells = grid.ToCharArray();
        int left = CellCount;
        foreach (int cell in order)
        {
            if (left == given)
                break;
            cells[cell] = Blank;
            if (CountSolutions(new string(cells), limit: 2) == 1)
                left--;
            else
                cells[cell] = grid[cell];
        }
        return new string(cells);
    }

    private int Search(string puzzle, Random? random, int limit, Action<string> found)
    {
        var used = new int[3 * Side];
        char[] cells = puzzle.ToCharArray();
        for (int cell = 0; cell < CellCount; cell++)
        {
            if (cells[cell] == Blank)
                continue;
            int digit = 1 << (cells[cell] - '0');
            if ((Free(used, cell) & digit) == 0)
                return 0;
            Flip(used, cell, digit);
        }
        return Fill(cells, used, random, limit, found);
    }

    // Fills the blank that the fewest digits fit, with each of them, and goes on.
    private int Fill(char[] cells, int[] used, Random? random, int limit, Action<string> found)
    {
        int best = -1, fewest = int.MaxValue;
        for (int cell = 0; cell < CellCount && fewest > 1; cell++)
        {
            int fitting = cells[cell] == Blank ? int.PopCount(Free(used, cell)) : int.MaxValue;
            if (fitting < fewest)
                (best, fewest) = (cell, fitting);
        }
        if (best < 0)
        {
            found(new string(cells));
            return 1;
        }
        int[] digits = [.. Enumerable.Range(1, Side).Where(digit => (Free(used, best) & (1 << digit)) != 0)];
        random?.Shuffle(digits);
        int count = 0;
        foreach (int digit in digits)
        {
            cells[best] = (char)('0' + digit);
            Flip(used, best, 1 << digit);
            count += Fill(cells, used, random, limit - count, found);
            Flip(used, best, 1 << digit);
            if (count == limit)
                break;
        }
        cells[best] = Blank;
        return count;
    }

    // The digits that no other cell of the cell's groups has.
    private int Free(int[] used, int cell)
    {
        int[] groups = _groupsOfCell[cell];
        return _allDigits & ~(used[groups[0]] | used[groups[1]] | used[groups[2]]);
    }

    private void Flip(int[] used, int cell, int digit)
    {
        foreach (int group in _groupsOfCell[cell])
            used[group] ^= digit;
    }
}
