using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class TextFilesViewTests
{
    private readonly TemporaryFolder _folder = new();
    private readonly MLContext _ml = new(1);

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    public void ItIsAnOrdinaryView()
    {
        File.WriteAllText(_folder.File("a.jsonl"), "{\"body\": \"one\"}\n{\"body\": \"two\"}\n");
        File.WriteAllText(_folder.File("b.txt"), "three");
        IDataView view = _ml.MaskedDiffusion().LoadText(_folder.Path, "Story", "body");
        for (int pass = 0; pass < 2; pass++)
            CollectionAssert.AreEqual(new[] { "one", "two", "three" }, view.GetColumn<string>("Story").ToArray());
        CollectionAssert.AreEqual(new[] { "two" }, _ml.Data.TakeRows(_ml.Data.SkipRows(view, 1), 1).GetColumn<string>("Story").ToArray());
        Assert.IsNull(view.GetRowCount());
        Assert.IsFalse(view.CanShuffle);
        CollectionAssert.AreEqual(new[] { "Story" }, view.Schema.Select(column => column.Name).ToArray());
    }

    [TestMethod]
    public void CursorsFollowTheContract()
    {
        File.WriteAllText(_folder.File("a.txt"), "one");
        File.WriteAllText(_folder.File("b.txt"), "two");
        IDataView view = _ml.MaskedDiffusion().LoadText(_folder.Path);
        DataViewSchema.Column column = view.Schema["Text"];
        DataViewRowCursor[] set = view.GetRowCursorSet([column], 3);
        Assert.HasCount(1, set);
        using DataViewRowCursor cursor = set[0];
        Assert.AreEqual(-1, cursor.Position);
        ValueGetter<ReadOnlyMemory<char>> text = cursor.GetGetter<ReadOnlyMemory<char>>(column);
        ValueGetter<DataViewRowId> id = cursor.GetIdGetter();
        ReadOnlyMemory<char> value = default;
        DataViewRowId row = default;
        for (int i = 0; i < 2; i++)
        {
            Assert.IsTrue(cursor.MoveNext());
            text(ref value);
            id(ref row);
            Assert.AreEqual(i, cursor.Position);
            Assert.AreEqual((i == 0 ? "one" : "two", new DataViewRowId((ulong)i, 0)), (value.ToString(), row));
        }
        Assert.IsFalse(cursor.MoveNext());
        Assert.AreEqual(-1, cursor.Position);

        using DataViewRowCursor none = view.GetRowCursor([]);
        Assert.IsFalse(none.IsColumnActive(column));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => none.GetGetter<ReadOnlyMemory<char>>(column));
        Assert.IsTrue(none.MoveNext() && none.MoveNext() && !none.MoveNext());
        Assert.ThrowsExactly<InvalidOperationException>(() => cursor.GetGetter<float>(column));
    }

    [TestMethod]
    public void AFileIsClosedWithItsCursor()
    {
        string path = _folder.File("a.jsonl");
        File.WriteAllText(path, "{\"text\": \"one\"}\n{\"text\": \"two\"}\n");
        IDataView view = _ml.MaskedDiffusion().LoadText(path);
        using (DataViewRowCursor cursor = view.GetRowCursor([]))
        {
            Assert.IsTrue(cursor.MoveNext());
            Assert.ThrowsExactly<IOException>(() => new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose());
        }
        new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
    }
}
