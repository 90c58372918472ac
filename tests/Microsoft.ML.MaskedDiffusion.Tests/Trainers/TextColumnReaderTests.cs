using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Trainers;

namespace Microsoft.ML.MaskedDiffusion.Tests.Trainers;

[TestClass]
public sealed class TextColumnReaderTests
{
    private sealed class Row
    {
        public string? Text { get; set; }

        public float Number { get; set; }

        [VectorType(2)]
        public float[] Numbers { get; set; } = [0, 0];

        [KeyType(5)]
        public uint Key { get; set; }
    }

    private static IDataView View(params string?[] texts) => new MLContext(1).Data.LoadFromEnumerable(texts.Select(text => new Row { Text = text }).ToList());

    [TestMethod]
    public void ReadsTheTextsAndCountsTheEmptyRows()
    {
        var reader = new TextColumnReader(View("one", "", " \t\u00A0\r\n", "two", null), "Text");
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
        var reader = new TextColumnReader(view, "Text");
        Assert.AreEqual("one", reader.Read(CancellationToken.None).First());
        Assert.AreEqual(3, reader.Read(CancellationToken.None).Count());
        Assert.AreEqual((2, 2), (view.Opened, view.Disposed));
    }

    [TestMethod]
    public void StopsWhenCancelled()
    {
        using var source = new CancellationTokenSource();
        var view = new CountingView(View("one", "two", "three"));
        using IEnumerator<string> texts = new TextColumnReader(view, "Text").Read(source.Token).GetEnumerator();
        Assert.IsTrue(texts.MoveNext());
        source.Cancel();
        Assert.ThrowsExactly<OperationCanceledException>(() => texts.MoveNext());
        Assert.AreEqual((1, 1), (view.Opened, view.Disposed));
    }

    [TestMethod]
    [DataRow("Missing", "no such column")]
    [DataRow("Number", "got Single")]
    [DataRow("Numbers", "got Vector<Single, 2>")]
    [DataRow("Key", "got Key<UInt32, 0-4>")]
    public void AColumnThatIsNotTextIsNamedWithItsType(string column, string expected)
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => TextColumnReader.Check(View("x").Schema, column, "input"));
        StringAssert.Contains(error.Message, $"'{column}'");
        StringAssert.Contains(error.Message, expected);
        Assert.AreEqual("input", error.ParamName);
    }
}
