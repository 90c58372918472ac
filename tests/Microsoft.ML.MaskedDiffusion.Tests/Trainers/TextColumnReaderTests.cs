using Microsoft.ML.MaskedDiffusion.Trainers;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class TextColumnReaderTests
{
    private sealed class Row
    {
        public string? Text { get; set; }
    }

    private static IDataView View(params string?[] texts) =>
        new MLContext(1).Data.LoadFromEnumerable(texts.Select(text => new Row { Text = text }).ToList());

    private static TextColumnReader Reader(IDataView view) => new(view, view.Schema["Text"], "data");

    [TestMethod]
    public void ReadsTheTextsAndCountsTheEmptyRows()
    {
        var reader = Reader(View("one", "", " \t\u00A0\r\n", "two", null));
        for (int pass = 0; pass < 2; pass++)
        {
            CollectionAssert.AreEqual(new[] { "one", "two" }, reader.Read(CancellationToken.None).ToArray());
            Assert.AreEqual(5, reader.RowCount);
            Assert.AreEqual(3, reader.EmptyRowCount);
        }
    }

    [TestMethod]
    public void DisposesItsCursorAlsoWhenLeftEarly()
    {
        var view = new CountingView(View("one", "two", "three"));
        var reader = Reader(view);
        Assert.AreEqual("one", reader.Read(CancellationToken.None).First());
        Assert.AreEqual(3, reader.Read(CancellationToken.None).Count());
        Assert.AreEqual((2, 2), (view.Opened, view.Disposed));
    }

    [TestMethod]
    public void StopsWhenCancelled()
    {
        using var source = new CancellationTokenSource();
        var view = new CountingView(View("one", "two", "three"));
        using IEnumerator<string> texts = Reader(view).Read(source.Token).GetEnumerator();
        Assert.IsTrue(texts.MoveNext());
        source.Cancel();
        Assert.ThrowsExactly<OperationCanceledException>(() => texts.MoveNext());
        Assert.AreEqual((1, 1), (view.Opened, view.Disposed));
    }
}
