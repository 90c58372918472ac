using System.Text;
using Reproduce.Experiments.Orders;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Sudokus in files of the published form.</summary>
[TestClass]
public sealed class PuzzleFileTests
{
    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    /// <summary>Writes new puzzles of 9 x 9 cells as a table of NumPy's, the given cells of each first.</summary>
    internal static Question[] Write(string path, int count, int seed, string type = "<i8")
    {
        var random = new Random(seed);
        Question[] questions =
        [
            .. Enumerable.Range(0, count).Select(_ =>
            {
                string grid = Sudoku.OfNine.RandomGrid(random);
                return new Question(Sudoku.OfNine.Puzzle(grid, given: 40, random), grid);
            }),
        ];
        Write(path, type, $"({count}, 325)", questions.SelectMany(Numbers));
        return questions;
    }

    [TestMethod]
    [DataRow("<i8")]
    [DataRow("<i4")]
    [DataRow("<u2")]
    [DataRow("|i1")]
    [DataRow("|u1")]
    public void PuzzlesComeBackInEveryTypeOfNumber(string type)
    {
        string path = _folder.File("a.npy");
        Question[] written = Write(path, count: 3, seed: 1, type);
        CollectionAssert.AreEqual(written, PuzzleFile.Read(path).ToArray());
    }

    [TestMethod]
    public void AFileOfAnotherFormIsToldWithWhatItIs()
    {
        string path = _folder.File("a.npy");
        void AssertTold(string expected) =>
            Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => PuzzleFile.Read(path).ToArray()).Message);
        File.WriteAllText(path, "A text, not a table.");
        AssertTold("does not begin as one");
        Write(path, "<f8", "(0, 325)", []);
        AssertTold("<f8");
        Write(path, "<i8", "(1, 7)", []);
        AssertTold("it has 7 columns");
        Write(path, "<i8", "(2, 325)", Enumerable.Repeat(0, 325));
        AssertTold("row 0: it is no Sudoku");
        foreach (int given in (int[])[0, 81])
        {
            Question question = Write(path, count: 1, seed: 1)[0];
            Write(path, "<i8", "(1, 325)", Numbers(question).Skip(1).Prepend(given));
            AssertTold("row 0: it is no Sudoku");
        }
        Write(path, count: 2, seed: 1);
        byte[] bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..^9]);
        AssertTold("ends in row 1 of 2");
        File.WriteAllBytes(path, bytes[..20]);
        AssertTold("ends in its header");
    }

    // A row of the table: the cells by whether they are given, each with a strategy of 0.
    private static IEnumerable<int> Numbers(Question question)
    {
        bool IsGiven(int cell) => question.Puzzle[cell] != Sudoku.Blank;
        yield return Enumerable.Range(0, 81).Count(IsGiven);
        foreach (int cell in Enumerable.Range(0, 81).OrderBy(cell => IsGiven(cell) ? 0 : 1))
        {
            yield return cell / 9;
            yield return cell % 9;
            yield return question.Grid[cell] - '0';
            yield return 0;
        }
    }

    private static void Write(string path, string type, string shape, IEnumerable<int> numbers)
    {
        using var file = new BinaryWriter(File.Create(path));
        byte[] header = Encoding.ASCII.GetBytes($"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}, }}".PadRight(117) + "\n");
        file.Write((byte)0x93);
        file.Write("NUMPY"u8);
        file.Write([1, 0]);
        file.Write((ushort)header.Length);
        file.Write(header);
        foreach (int number in numbers)
            file.Write(BitConverter.GetBytes((long)number).AsSpan(0, type[2] - '0'));
    }
}
