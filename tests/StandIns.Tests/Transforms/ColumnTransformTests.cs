using Microsoft.ML;
using Microsoft.ML.Data;

namespace StandIns.Tests.Transforms;

[TestClass]
public sealed class ColumnTransformTests
{
    private readonly MLContext _ml = new(1);

    private IDataView Rows() => _ml.Data.LoadFromEnumerable([new Row { A = 1, B = [2, 3], Text = "x" }, new Row { A = 4, B = [5, 6], Text = "y" }]);

    [TestMethod]
    public void CopyColumns_PutsTheCopyAtTheEnd()
    {
        var view = _ml.Transforms.CopyColumns("Copy", "Text").Fit(Rows()).Transform(Rows());
        Assert.AreEqual("Copy", view.Schema[view.Schema.Count - 1].Name);
        CollectionAssert.AreEqual(new[] { "x", "y" }, view.GetColumn<string>("Copy").ToArray());
        Assert.AreEqual(2L, view.GetRowCount());
    }

    [TestMethod]
    public void CopyColumns_OverAnExistingColumn_HidesIt()
    {
        var view = _ml.Transforms.CopyColumns("A", "Text").Fit(Rows()).Transform(Rows());
        Assert.AreEqual(TextDataViewType.Instance, view.Schema["A"].Type);
        Assert.AreEqual(1, view.Schema.Count(c => c.Name == "A" && c.IsHidden));
        Assert.AreEqual(view.Schema.First(c => c.Name == "A").Index + 1, view.Schema["A"].Index);
    }

    [TestMethod]
    public void CopyColumns_OfAMissingColumn_IsRefusedByFit() =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Transforms.CopyColumns("Copy", "Nowhere").Fit(Rows()));

    [TestMethod]
    public void DropColumns_DropsAlsoWhatTheyHid()
    {
        var chain = _ml.Transforms.CopyColumns("A", "Text").Append(_ml.Transforms.DropColumns("A"));
        var view = chain.Fit(Rows()).Transform(Rows());
        CollectionAssert.AreEqual(new[] { "B", "Text" }, view.Schema.Select(c => c.Name).ToArray());
        CollectionAssert.AreEqual(new[] { "x", "y" }, view.GetColumn<string>("Text").ToArray());
    }

    [TestMethod]
    public void SelectColumns_KeepsTheOrderAskedFor()
    {
        var view = _ml.Transforms.SelectColumns("Text", "A").Fit(Rows()).Transform(Rows());
        CollectionAssert.AreEqual(new[] { "Text", "A" }, view.Schema.Select(c => c.Name).ToArray());
        CollectionAssert.AreEqual(new[] { 1f, 4f }, view.GetColumn<float>("A").ToArray());
    }

    [TestMethod]
    public void Concatenate_JoinsScalarsAndVectors()
    {
        var view = _ml.Transforms.Concatenate("All", "A", "B", "A").Fit(Rows()).Transform(Rows());
        Assert.AreEqual(4, ((VectorDataViewType)view.Schema["All"].Type).Size);
        CollectionAssert.AreEqual(new[] { 4f, 5f, 6f, 4f }, view.GetColumn<float[]>("All").Last());
    }

    [TestMethod]
    public void Concatenate_OfDifferentTypes_IsRefused() =>
        Assert.ThrowsExactly<InvalidOperationException>(() => _ml.Transforms.Concatenate("All", "A", "Text").Append(_ml.Transforms.CopyColumns("C", "All")).Fit(Rows()));

    [TestMethod]
    public void ColumnsNotAskedFor_AreNotActive()
    {
        var view = _ml.Transforms.CopyColumns("Copy", "Text").Fit(Rows()).Transform(Rows());
        using var cursor = view.GetRowCursor([view.Schema["A"]]);
        Assert.IsTrue(cursor.IsColumnActive(view.Schema["A"]));
        Assert.IsFalse(cursor.IsColumnActive(view.Schema["Copy"]));
    }

    private sealed class Row
    {
        public float A { get; set; }

        [VectorType(2)]
        public float[] B { get; set; } = [];

        public string Text { get; set; } = "";
    }
}
