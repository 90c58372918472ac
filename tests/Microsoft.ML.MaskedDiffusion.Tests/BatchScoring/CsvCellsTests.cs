using System.Text;
using Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Cells of CSV: what is written is read again, and a record ends where it ends, however much of the file is seen.</summary>
[TestClass]
public sealed class CsvCellsTests
{
    [TestMethod]
    public void CellsAreReadAsTheyWereWritten()
    {
        var random = new Random(5);
        string[] pieces = ["a", "\"", "\"\"", ",", "\n", "\r\n", " ", "é", "猫", ""];
        for (int round = 0; round < 2000; round++)
        {
            string[] cells = [.. Enumerable.Range(0, random.Next(1, 5))
                .Select(_ => string.Concat(Enumerable.Range(0, random.Next(4)).Select(_ => pieces[random.Next(pieces.Length)])))];
            byte[] record = Encoding.UTF8.GetBytes(string.Join(',', cells.Select(cell => CsvCells.Cell(cell, (byte)','))));
            List<Range> ranges = CsvCells.Split(record, (byte)',')!;
            CollectionAssert.AreEqual(cells, ranges.Select(range => CsvCells.Content(Encoding.UTF8.GetString(record[range]))).ToArray());
            byte[] withMore = [.. record, (byte)'\n', .. "next,\"row\"\n"u8];
            Assert.AreEqual(record.Length + 1, CsvCells.FindEnd(withMore, (byte)','));
            for (int seen = 0; seen <= record.Length; seen++)
                Assert.AreEqual(-1, CsvCells.FindEnd(withMore.AsSpan(0, seen), (byte)','), $"{seen} of {record.Length} bytes");
        }
    }

    [TestMethod]
    public void AQuotationMarkThatIsNotClosedIsSaid() => Assert.IsNull(CsvCells.Split("a,\"b"u8, (byte)','));

    [TestMethod]
    public void CharactersBehindAClosingQuotationMarkAreNoContent()
    {
        Assert.IsNull(CsvCells.Content("\"a\"b"));
        Assert.AreEqual("a\"b", CsvCells.Content("\"a\"\"b\""));
        Assert.AreEqual("a\"b\"", CsvCells.Content("a\"b\""));
        Assert.AreEqual("", CsvCells.Content("\"\""));
    }
}
