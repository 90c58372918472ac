using Microsoft.ML.Data;

namespace StandIns.Tests.DataViews;

[TestClass]
public sealed class VBufferTests
{
    private static readonly VBuffer<float> Sparse = new(6, 2, [5f, 7f], [1, 4]);

    [TestMethod]
    public void ADenseVectorHasNoIndices()
    {
        var vector = new VBuffer<int>(3, [1, 2, 3, 99]);
        Assert.IsTrue(vector.IsDense);
        CollectionAssert.AreEqual(new[] { 1, 2, 3 }, vector.GetValues().ToArray());
        Assert.IsTrue(vector.GetIndices().IsEmpty);
    }

    [TestMethod]
    public void ASparseVectorIsReadInFull()
    {
        Assert.IsFalse(Sparse.IsDense);
        CollectionAssert.AreEqual(new[] { 1, 4 }, Sparse.GetIndices().ToArray());
        CollectionAssert.AreEqual(new[] { 0f, 5, 0, 0, 7, 0 }, Sparse.DenseValues().ToArray());
        CollectionAssert.AreEqual(new[] { 1, 4 }, Sparse.Items().Select(i => i.Key).ToArray());
        Assert.AreEqual(6, Sparse.Items(all: true).Count());
        Assert.AreEqual(7f, Sparse.GetItemOrDefault(4));
        Assert.AreEqual(0f, Sparse.GetItemOrDefault(5));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Sparse.GetItemOrDefault(6));
    }

    [TestMethod]
    public void CopiesKeepOrLoseSparsity()
    {
        VBuffer<float> same = default, dense = default, part = default;
        Sparse.CopyTo(ref same);
        Sparse.CopyToDense(ref dense);
        Sparse.CopyTo(ref part, 1, 3);
        Assert.IsFalse(same.IsDense);
        Assert.IsTrue(dense.IsDense);
        CollectionAssert.AreEqual(Sparse.DenseValues().ToArray(), dense.GetValues().ToArray());
        CollectionAssert.AreEqual(new[] { 5f, 0, 0 }, part.DenseValues().ToArray());

        var span = new float[8];
        Sparse.CopyTo(span, 1, -1f);
        CollectionAssert.AreEqual(new[] { 0f, -1, 5, -1, -1, 7, -1, 0 }, span);
    }

    [TestMethod]
    public void AnEditorReusesArraysThatAreLongEnough()
    {
        var vector = new VBuffer<int>(3, [1, 2, 3]);
        var smaller = VBufferEditor.Create(ref vector, 2);
        Assert.IsFalse(smaller.CreatedNewValues);
        Assert.AreEqual(1, smaller.Values[0]);

        var larger = VBufferEditor.Create(ref vector, 5, keepOldOnResize: true);
        Assert.IsTrue(larger.CreatedNewValues);
        larger.Values[4] = 9;
        CollectionAssert.AreEqual(new[] { 1, 2, 3, 0, 9 }, larger.Commit().GetValues().ToArray());
    }

    [TestMethod]
    public void AnEditorWritesSparseVectorsAndCutsThemShort()
    {
        VBuffer<int> vector = default;
        var editor = VBufferEditor.Create(ref vector, 10, 3);
        Assert.AreEqual(3, editor.Indices.Length);
        (editor.Values[0], editor.Indices[0]) = (4, 2);
        (editor.Values[1], editor.Indices[1]) = (5, 8);
        vector = editor.CommitTruncated(2);
        Assert.AreEqual(10, vector.Length);
        Assert.AreEqual(5, vector.GetItemOrDefault(8));
        Assert.AreEqual(2, vector.GetValues().Length);
    }
}
