using System.Text;
using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Tables as data views.</summary>
[TestClass]
public sealed class TableViewTests
{
    private readonly TemporaryFolder _folder = new();
    private readonly MLContext _ml = new(1);

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    [DataRow("t.csv", ',')]
    [DataRow("t.tsv", '\t')]
    [DataRow("T.TSV", '\t')]
    [DataRow("t.txt", ',')]
    public void CellsAreReadAsRfc4180HasThem(string name, char separator)
    {
        string[] lines =
        [
            "\uFEFFid,\"the text\"", "1,\"a \"\"quoted\"\" word,", "", "and a further line\"", "", "2,5\" high", "3,", "4, é ", "",
        ];
        File.WriteAllText(_folder.File(name), string.Join("\r\n", lines).Replace(',', separator));
        IDataView view = _ml.MaskedDiffusion().LoadTable(_folder.File(name));
        CollectionAssert.AreEqual(new[] { "id", "the text" }, view.Schema.Select(column => column.Name).ToArray());
        for (int pass = 0; pass < 2; pass++)
        {
            CollectionAssert.AreEqual(
                new[] { $"a \"quoted\" word{separator}\r\n\r\nand a further line", "5\" high", "", " é " },
                view.GetColumn<string>("the text").ToArray());
            CollectionAssert.AreEqual(new[] { "1", "2", "3", "4" }, view.GetColumn<string>("id").ToArray());
        }
        Assert.IsNull(view.GetRowCount());
        Assert.IsFalse(view.CanShuffle);
    }

    [TestMethod]
    [DataRow("a,b\n1,2\n1,2,3\n", "line 3: the row has 3 cells, and the first line has 2; a cell with ',' or a line break")]
    [DataRow("a,b\n1,2\n\n1\n", "line 4: the row has 1 cells")]
    [DataRow("a,b\n1,\"2\n3,4\n", "line 2: a quotation mark that begins here is not closed until the end of the file")]
    [DataRow("a,b\n1,\"x\"y\n", "line 2: cell 2 has characters behind its closing quotation mark")]
    [DataRow("a,b\n1,\"2\n3\"\n1,\u00FF\n", "line 4: cell 2 has bytes that are not UTF-8; convert the file to UTF-8")]
    public void BadRowsAreRefusedWithFileAndLine(string content, string message)
    {
        string path = _folder.File("bad.csv");
        File.WriteAllText(path, content, Encoding.Latin1);
        IDataView view = _ml.MaskedDiffusion().LoadTable(path);
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => view.GetColumn<string>("a").Count()).Message, $"{path}, {message}");
    }

    [TestMethod]
    [DataRow("", "is empty")]
    [DataRow("a,a\n", "line 1: the column name 'a' is there twice")]
    [DataRow(",Column1\n", "line 1: the column name 'Column1' is there twice")]
    [DataRow("\"a\n1,2\n", "line 1: a quotation mark that begins here is not closed")]
    [DataRow("\u00FF\u00FEa", "line 1: cell 1 has bytes that are not UTF-8")]
    public void BadHeadersAreRefusedAtOnce(string content, string message)
    {
        string path = _folder.File("bad.csv");
        File.WriteAllText(path, content, Encoding.Latin1);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => _ml.MaskedDiffusion().LoadTable(path)).Message, message);
    }

    [TestMethod]
    public void ColumnsWithoutANameAreNamedByTheirPlace()
    {
        File.WriteAllText(_folder.File("pandas.csv"), ",text, \n0,the cat,x\n1,the dog,y\n");
        IDataView view = _ml.MaskedDiffusion().LoadTable(_folder.File("pandas.csv"));
        CollectionAssert.AreEqual(new[] { "Column1", "text", "Column3" }, view.Schema.Select(column => column.Name).ToArray());
        CollectionAssert.AreEqual(new[] { "0", "1" }, view.GetColumn<string>("Column1").ToArray());
        CollectionAssert.AreEqual(new[] { "the cat", "the dog" }, view.GetColumn<string>("text").ToArray());
    }

    [TestMethod]
    public void SeparatorAndHeaderAreOptions()
    {
        File.WriteAllText(_folder.File("t.csv"), "1;a, b\n2;c\n");
        IDataView view = _ml.MaskedDiffusion().LoadTable(
            new TableOptions { Path = _folder.File("t.csv"), Separator = ';', HasHeader = false });
        CollectionAssert.AreEqual(new[] { "a, b", "c" }, view.GetColumn<string>("Column2").ToArray());
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(
            () => _ml.MaskedDiffusion().LoadTable(_folder.File("none.csv"))).Message, "does not exist");
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(
            () => _ml.MaskedDiffusion().LoadTable(_folder.Path)).Message, "is a folder");
    }

    [TestMethod]
    public void CursorsFollowTheContract()
    {
        File.WriteAllText(_folder.File("t.csv"), "a,b\n1,2\n3,4\n");
        IDataView view = _ml.MaskedDiffusion().LoadTable(_folder.File("t.csv"));
        DataViewRowCursor[] set = view.GetRowCursorSet([view.Schema["b"]], 3);
        Assert.HasCount(1, set);
        using DataViewRowCursor cursor = set[0];
        Assert.IsFalse(cursor.IsColumnActive(view.Schema["a"]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => cursor.GetGetter<ReadOnlyMemory<char>>(view.Schema["a"]));
        ValueGetter<ReadOnlyMemory<char>> getter = cursor.GetGetter<ReadOnlyMemory<char>>(view.Schema["b"]);
        ReadOnlyMemory<char> value = default;
        foreach (string expected in new[] { "2", "4" })
        {
            Assert.IsTrue(cursor.MoveNext());
            getter(ref value);
            Assert.AreEqual(expected, value.ToString());
        }
        Assert.IsFalse(cursor.MoveNext());
        Assert.AreEqual(-1, cursor.Position);
    }
}
