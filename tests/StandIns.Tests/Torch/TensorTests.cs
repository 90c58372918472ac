using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace StandIns.Tests.Torch;

[TestClass]
public class TensorTests
{
    [TestMethod]
    public void TheBytesOfAViewThatIsNotContiguousAreRefused()
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor turned = torch.arange(6).view(2, 3).t();
        Assert.Throws<Exception>(() => turned.bytes.Length);
        Assert.AreEqual(6 * sizeof(long), turned.contiguous().bytes.Length);
    }

    [TestMethod]
    public void FactoriesMakeWhatTheySay()
    {
        using var scope = NewDisposeScope();
        Reference.AreClose([0, 0], zeros(2), 0);
        Reference.AreClose([1, 1, 1, 1], ones(2, 2), 0);
        Reference.AreClose([3, 3], full(2, 3), 0);
        Reference.AreClose([2, 4, 6], arange(2, 8, 2), 0);
        Reference.AreClose([1, 0, 0, 1], eye(2), 0);
        Reference.AreClose([0, 0.5, 1], linspace(0, 1, 3), 1e-7);
        Assert.AreEqual(ScalarType.Float32, zeros(1).dtype);
        Assert.AreEqual(ScalarType.Int64, arange(3).dtype);
        Assert.AreEqual(ScalarType.Int64, tensor(new long[] { 1 }).dtype);
        Assert.AreEqual(ScalarType.Int32, tensor(new[] { 1 }).dtype);
        Assert.AreEqual(ScalarType.Bool, tensor(new[] { true }).dtype);
        Assert.AreEqual(ScalarType.Float64, tensor(new[] { 1.0 }).dtype);
        Assert.AreEqual(ScalarType.BFloat16, zeros(1, dtype: bfloat16).dtype);
        CollectionAssert.AreEqual(new long[] { 2, 2 }, tensor(new[,] { { 1f, 2f }, { 3f, 4f } }).shape);
        Assert.AreEqual(0, tensor(3.5).ndim);
        Assert.AreEqual(3.5, tensor(3.5).ToDouble());
        Tensor like = ones_like(zeros(2, 3, dtype: float64));
        Assert.AreEqual(ScalarType.Float64, like.dtype);
        Assert.AreEqual(6, like.numel());
        Assert.AreEqual(DeviceType.CPU, like.device.type);
        Assert.AreEqual("cpu", CPU.ToString());
    }

    [TestMethod]
    public void RawBytesAreTheValuesInRowOrder()
    {
        using var scope = NewDisposeScope();
        float[] values = [1.5f, -2, 3, 4];
        Tensor t = empty(2, 2);
        t.bytes = MemoryMarshal.AsBytes(values.AsSpan());
        Reference.AreClose([1.5, -2, 3, 4], t, 0);
        CollectionAssert.AreEqual(values, MemoryMarshal.Cast<byte, float>(t.bytes).ToArray());
        CollectionAssert.AreEqual(values, t.data<float>().ToArray());
        float[] part = new float[3];
        t.data<float>().CopyTo(part, 1, 2);
        CollectionAssert.AreEqual(new float[] { 0, 3, 4 }, part);
        Assert.AreEqual(4, t.ElementSize);
        // A transposed tensor is read in the order of its indices, not of memory.
        CollectionAssert.AreEqual(new[] { 1.5f, 3, -2, 4 }, t.t().data<float>().ToArray());
        using var stream = new MemoryStream();
        t.WriteBytesToStream(stream);
        stream.Position = 0;
        Tensor read = zeros(2, 2);
        read.ReadBytesFromStream(stream);
        Assert.IsTrue(read.allclose(t));
    }

    [TestMethod]
    public void ConversionsKeepWhatTheTypeCanHold()
    {
        using var scope = NewDisposeScope();
        Tensor t = tensor(new[] { 1.0, -2.7, 1.0009765625, 300 });
        Reference.AreClose([1, -2, 1, 300], t.to(int32), 0);
        Reference.AreClose([1, -2.7, 1.0009765625, 300], t.to(float32), 1e-7);
        // bfloat16 has eight bits of significand, float16 eleven.
        Reference.AreClose([1, -2.703125, 1, 300], t.to_type(bfloat16), 0);
        Reference.AreClose([1, -2.69921875, 1.0009765625, 300], t.to(float16), 0);
        Assert.AreEqual(2, t.to(bfloat16).element_size());
        Assert.AreEqual(1.0, t[0].item<double>());
        Assert.ThrowsExactly<ArgumentException>(() => t[0].item<float>());
        Assert.AreEqual(300L, t[3].ToInt64());
        Tensor same = t.to(float64);
        same[0] = tensor(9.0);
        Assert.AreEqual(9, t[0].ToDouble(), "a conversion to the same type is no copy");
    }

    [TestMethod]
    public void ErrorsCarryLibtorchsMessage()
    {
        using Tensor a = ones(2, 3), b = ones(2, 3);
        var product = Assert.ThrowsExactly<ExternalException>(() => a.view(7));
        StringAssert.Contains(product.Message, "shape '[7]' is invalid for input of size 6");
        var sizes = Assert.ThrowsExactly<ExternalException>(() => a.add(ones(4)));
        StringAssert.Contains(sizes.Message, "must match the size");
        var index = Assert.ThrowsExactly<ExternalException>(() => b.index_select(0, tensor(new long[] { 5 })));
        StringAssert.Contains(index.Message, "out of range");
        using Tensor leaf = ones(2, requires_grad: true), wide = ones(2, requires_grad: true) * 2;
        StringAssert.Contains(Assert.ThrowsExactly<ExternalException>(() => wide.backward()).Message, "scalar outputs");
    }

    [TestMethod]
    public void GeneratorsRepeatTheirDraws()
    {
        using var scope = NewDisposeScope();
        var first = new Generator(7);
        var second = new Generator(7);
        Tensor a = rand(5, generator: first);
        Assert.IsTrue(a.allclose(rand(5, generator: second)));
        Assert.IsFalse(a.allclose(rand(5, generator: second)));
        Assert.AreEqual(7, first.initial_seed());
        Tensor state = first.get_state();
        Tensor drawn = randn(4, generator: first), numbers = randint(10, [20], generator: first);
        first.set_state(state);
        Assert.IsTrue(drawn.allclose(randn(4, generator: first)));
        Assert.IsTrue(numbers.eq(randint(10, [20], generator: first)).all().ToBoolean());
        Assert.IsTrue(numbers.ge(0).logical_and(numbers.lt(10)).all().ToBoolean());
        first.manual_seed(7);
        Assert.IsTrue(a.allclose(rand(5, generator: first)));
        manual_seed(3);
        Tensor fromDefault = rand(3);
        manual_seed(3);
        Assert.IsTrue(fromDefault.allclose(rand(3)));
        long[] order = randperm(10).data<long>().ToArray();
        CollectionAssert.AreEquivalent(Enumerable.Range(0, 10).Select(i => (long)i).ToArray(), order);
        Tensor picks = multinomial(tensor(new[] { 0f, 1f, 0f }), 8, replacement: true, generator: first);
        Reference.AreClose([1, 1, 1, 1, 1, 1, 1, 1], picks, 0);
    }

    [TestMethod]
    public void InPlaceOperationsReturnTheChangedTensor()
    {
        using var scope = NewDisposeScope();
        Tensor t = tensor(new[] { 1.0, 2.0 });
        Reference.AreClose([6, 8], t.add_(2).mul_(2), 0);
        Reference.AreClose([6, 8], t, 0);
        Reference.AreClose([2.5, 3.5], t.sub_(1).div_(2), 0);
        Reference.AreClose([4.5, 5.5], t.addcmul_(ones(2, float64), ones(2, float64), 2), 0);
        Reference.AreClose([5, 6], t.addcdiv_(ones(2, float64), full(2, 2, float64)), 0);
        Reference.AreClose([5, 5.5], t.clamp_(5, 5.5), 0);
        Reference.AreClose([0, 0], t.zero_(), 0);
        Reference.AreClose([3, 3], t.fill_(3), 0);
        Reference.AreClose([1, 2], t.copy_(tensor(new[] { 1f, 2f })), 0);
    }

    [TestMethod]
    public void ThreadsCanBeCounted()
    {
        int before = get_num_threads();
        try
        {
            set_num_threads(1);
            Assert.AreEqual(1, get_num_threads());
        }
        finally
        {
            set_num_threads(before);
        }
    }

    [TestMethod]
    public void AtMostOneBlasIsMapped()
    {
        using (Tensor a = rand(8, 8), product = a.matmul(a))
            Assert.AreEqual(2, product.ndim);
        if (!File.Exists("/proc/self/maps"))
            Assert.Inconclusive("There is no /proc/self/maps on this system.");
        string[] mapped = [.. File.ReadLines("/proc/self/maps").Select(line => line.Split(' ')[^1]).Where(path => Path.GetFileName(path).StartsWith("libopenblas", StringComparison.Ordinal)).Distinct()];
        Assert.IsLessThanOrEqualTo(1, mapped.Length, string.Join(", ", mapped));
    }
}
