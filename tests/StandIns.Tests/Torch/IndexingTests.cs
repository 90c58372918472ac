using TorchSharp;
using static TorchSharp.torch;

namespace StandIns.Tests.Torch;

[TestClass]
public class IndexingTests
{
    private static readonly double[] Values = [.. Enumerable.Range(0, 24).Select(i => (double)i)];

    [TestMethod]
    public void NumbersAndSlicesPickAsInPython()
    {
        using var scope = NewDisposeScope();
        Tensor t = tensor(Values, [2, 3, 4]);
        Assert.AreEqual(23, t[1, 2, 3].ToDouble());
        Assert.AreEqual(23, t[-1, -1, -1].ToDouble());
        Reference.AreClose([4, 5, 6, 7], t[0, 1], 0);
        Reference.AreClose([1, 13], t[TensorIndex.Colon, 0, 1], 0);
        Reference.AreClose([12, 16, 20], t[1, TensorIndex.Ellipsis, 0], 0);
        Reference.AreClose([0, 2, 4, 6, 8, 10], t[0, .., TensorIndex.Slice(step: 2)], 0);
        Reference.AreClose([5, 6], t[0, 1, TensorIndex.Slice(1, 3)], 0);
        Reference.AreClose([6, 7], t[0, 1, 2..], 0);
        Reference.AreClose([4, 5, 6], t[0, 1, ..^1], 0);
        CollectionAssert.AreEqual(new long[] { 2, 1, 3, 4 }, t[TensorIndex.Colon, TensorIndex.None].shape);
    }

    [TestMethod]
    public void MasksAndTensorsPickAsInPython()
    {
        using var scope = NewDisposeScope();
        Tensor t = tensor(Values[..6], [2, 3]);
        Reference.AreClose([3, 4, 5], t[t > 2], 0);
        Reference.AreClose([2, 0, 5, 3], t[TensorIndex.Colon, TensorIndex.Tensor(tensor(new long[] { 2, 0 }))], 0);
        Reference.AreClose([1, 3], t.index(tensor(new long[] { 0, 1 }), tensor(new long[] { 1, 0 })), 0);
        Reference.AreClose([4, 5, 3], t[tensor(new long[] { 1 })].index_select(1, tensor(new long[] { 1, 2, 0 })), 0);
        Reference.AreClose([1, 5], t.gather(1, tensor(new long[] { 1, 2 }, [2, 1])), 0);
        Reference.AreClose([0, 2, 4], t.masked_select(t.remainder(2).eq(0)), 0);
        CollectionAssert.AreEqual(new long[] { 3, 2 }, (t > 2).nonzero().shape);
    }

    [TestMethod]
    public void AssignmentWritesIntoTheTensor()
    {
        using var scope = NewDisposeScope();
        Tensor t = zeros(2, 3);
        t[0, 1] = tensor(5f);
        t[1] = tensor(new[] { 7f, 8f, 9f });
        Reference.AreClose([0, 5, 0, 7, 8, 9], t, 0);
        t[TensorIndex.Colon, 0] = tensor(-1f);
        Reference.AreClose([-1, 5, 0, -1, 8, 9], t, 0);
        t[t > 6] = tensor(1f);
        Reference.AreClose([-1, 5, 0, -1, 1, 1], t, 0);
        t.index_put_(tensor(new[] { 3f, 4f }), tensor(new long[] { 0, 1 }), tensor(new long[] { 2, 2 }));
        Reference.AreClose([-1, 5, 3, -1, 1, 4], t, 0);
    }

    [TestMethod]
    public void ScatteringAndMaskingWriteWhereTheyAreTold()
    {
        using var scope = NewDisposeScope();
        Tensor t = zeros(2, 3), index = tensor(new long[] { 2, 0 }, [2, 1]);
        t.scatter_(1, index, ones(2, 1));
        Reference.AreClose([0, 0, 1, 1, 0, 0], t, 0);
        t.scatter_add_(1, index, full(2, 1, 2f));
        Reference.AreClose([0, 0, 3, 3, 0, 0], t, 0);
        t.index_add_(0, tensor(new long[] { 1 }), ones(1, 3), 10);
        Reference.AreClose([0, 0, 3, 13, 10, 10], t, 0);
        Reference.AreClose([0, 0, -1, -1, -1, -1], t.masked_fill(t > 0, -1), 0);
        Reference.AreClose([0, 0, 3, 0, 0, 0], where(t < 10, t, zeros_like(t)), 0);
    }

    [TestMethod]
    public void ViewsShareMemoryAndCopiesDoNot()
    {
        using var scope = NewDisposeScope();
        Tensor t = zeros(2, 3), view = t.view(3, 2), copy = t.clone(), turned = t.t();
        view[0, 0] = tensor(1f);
        Assert.AreEqual(1f, t[0, 0].ToSingle());
        Assert.AreEqual(0f, copy[0, 0].ToSingle());
        Assert.AreEqual(1f, turned[0, 0].ToSingle());
        Assert.IsFalse(turned.is_contiguous());
        CollectionAssert.AreEqual(new long[] { 1, 3 }, turned.stride());
        Assert.IsTrue(turned.contiguous().is_contiguous());
        Reference.AreClose(Reference.Doubles(t.transpose(0, 1)), turned, 0);
        CollectionAssert.AreEqual(new long[] { 2, 5, 3 }, t.unsqueeze(1).expand(2, 5, 3).shape);
        CollectionAssert.AreEqual(new long[] { 6 }, t.flatten().shape);
        Assert.HasCount(3, t.split(1, 1));
        Assert.HasCount(2, t.chunk(2));
        CollectionAssert.AreEqual(new long[] { 3, 1, 2 }, t.view(2, 1, 3).permute(2, 1, 0).shape);
    }

    [TestMethod]
    public void JoiningPutsTensorsSideBySide()
    {
        using var scope = NewDisposeScope();
        Tensor a = tensor(new[] { 1f, 2f }), b = tensor(new[] { 3f, 4f });
        Reference.AreClose([1, 2, 3, 4], cat([a, b]), 0);
        Reference.AreClose([1, 3, 2, 4], stack([a, b], 1), 0);
    }
}
