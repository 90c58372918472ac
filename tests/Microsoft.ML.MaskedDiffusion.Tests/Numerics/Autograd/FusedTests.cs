using Microsoft.ML.MaskedDiffusion.Numerics.Autograd;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The 32-bit kernels behind autograd against torch's own operators in 64 bits, values and gradients.</summary>
[TestClass]
public sealed class FusedTests
{
    [TestMethod]
    public void RmsNorm() => Compare([[2, 5, 24], [24]], x => Fused.RmsNorm(x[0], x[1], 1e-5));

    [TestMethod]
    public void SwiGlu() => Compare([[7, 33], [7, 33]], x => Fused.SwiGlu(x[0], x[1]));

    [TestMethod]
    public void Linear() => Compare([[3, 5, 24], [17, 24]], x => Fused.Linear(x[0], x[1]));

    [TestMethod]
    public void LinearOfAMatrixThatIsNoLeaf() => Compare([[3, 24], [17, 24]], x => Fused.Linear(x[0], x[1] * 2));

    [TestMethod]
    public void CrossEntropy() => Compare([[6, 37]], x => Fused.CrossEntropy(x[0], tensor(new long[] { 0, 36, 5, 5, 17, 1 })));

    [TestMethod]
    public void Rotary()
    {
        float[] angles = [.. Enumerable.Range(0, 5 * 4).Select(i => 0.37f * i)];
        Compare([[2, 5, 3, 8]], x => Fused.Rotary(x[0], tensor(angles.Select(MathF.Cos).ToArray(), [5, 1, 4]).to(x[0].dtype), tensor(angles.Select(MathF.Sin).ToArray(), [5, 1, 4]).to(x[0].dtype)));
    }

    [TestMethod]
    public void ViewsThatAreNotContiguousGiveTheSame()
    {
        using var scope = NewDisposeScope();
        Tensor x = Draws([24, 6], 1), gain = Draws([24], 2), weight = Draws([6, 24], 3).requires_grad_();
        Tensor turned = x.transpose(0, 1);
        AssertClose(Fused.RmsNorm(turned.contiguous(), gain, 1e-5), Fused.RmsNorm(turned, gain, 1e-5), 0);
        AssertClose(Fused.Linear(turned.contiguous(), weight), Fused.Linear(turned, weight), 0);
        Tensor loss = Fused.CrossEntropy(Fused.Linear(turned, weight), tensor(new long[] { 0, 1, 2, 3, 4, 5 })).sum();
        loss.backward();
        Assert.IsNotNull(weight.grad);
    }

    [TestMethod]
    public void ShapesAndTargetsThatDoNotFitAreRefused()
    {
        using var scope = NewDisposeScope();
        Assert.ThrowsExactly<ArgumentException>(() => Fused.RmsNorm(zeros(2, 3), zeros(4), 1e-5));
        Assert.ThrowsExactly<ArgumentException>(() => Fused.SwiGlu(zeros(2, 3), zeros(3, 2)));
        Assert.ThrowsExactly<ArgumentException>(() => Fused.Linear(zeros(2, 3), zeros(2, 4)));
        Assert.ThrowsExactly<ArgumentException>(() => Fused.CrossEntropy(zeros(2, 3), zeros(3, ScalarType.Int64)));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Fused.CrossEntropy(zeros(1, 3), tensor(new long[] { 3 })));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Fused.CrossEntropy(zeros(1, 3), tensor(new long[] { -1 })));
    }

    [TestMethod]
    public void NoRowsGiveNoLosses()
    {
        using var scope = NewDisposeScope();
        Tensor losses = Fused.CrossEntropy(Fused.Linear(zeros(0, 4), ones(3, 4)), zeros(0, ScalarType.Int64));
        Assert.AreEqual(0, losses.NumberOfElements);
    }

    private static void Compare(long[][] shapes, Func<Tensor[], Tensor> function)
    {
        using var scope = NewDisposeScope();
        Tensor[] inputs = [.. shapes.Select((shape, i) => Draws(shape, (ulong)i).requires_grad_())];
        Tensor[] exact = [.. inputs.Select(x => x.detach().to(ScalarType.Float64).requires_grad_())];
        Tensor actual = function(inputs), expected = function(exact);
        Assert.AreEqual(ScalarType.Float32, actual.dtype);
        Assert.AreEqual(ScalarType.Float64, expected.dtype);
        CollectionAssert.AreEqual(expected.shape, actual.shape);
        AssertClose(expected, actual, 3e-6);
        using (no_grad())
            AssertClose(actual, function(inputs), 0);
        Tensor weights = Draws(actual.shape, 77);
        (actual * weights).sum().backward();
        (expected * weights.to(ScalarType.Float64)).sum().backward();
        for (int i = 0; i < inputs.Length; i++)
            AssertClose(exact[i].grad!, inputs[i].grad!, 5e-6);
    }

    private static Tensor Draws(long[] shape, ulong stream) => tensor(MatrixProductTests.Draws((int)shape.Aggregate(1L, (a, b) => a * b), stream + 20), shape);

    private static void AssertClose(Tensor expected, Tensor actual, double tolerance)
    {
        Tensor wide = expected.detach().to(ScalarType.Float64), difference = wide - actual.detach().to(ScalarType.Float64);
        double worst = (difference.abs() / (wide.abs() + 1)).max().item<double>();
        Assert.IsLessThanOrEqualTo(tolerance, worst);
    }
}
