using Microsoft.ML.MaskedDiffusion.Modeling.Backends.Torch;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The operators of the torch backend in 32 bits against plain formulas on 64-bit tensors, values and gradients.</summary>
[TestClass]
public sealed class TorchOperatorsTests
{
    private static readonly Scalar Forbidden = double.NegativeInfinity.ToScalar();

    [TestMethod]
    public void RmsNorm() => Compare([[2, 5, 24], [24]], x => TorchOperators.RmsNorm(x[0], x[1], 1e-5),
        x => x[0] / (x[0] * x[0]).mean([-1], keepdim: true).Plus(1e-5).sqrt() * x[1]);

    [TestMethod]
    public void LayerNorm() => Compare([[2, 5, 24], [24]], x => TorchOperators.LayerNorm(x[0], x[1], 1e-5), x =>
    {
        Tensor centered = x[0] - x[0].mean([-1], keepdim: true);
        return centered / (centered * centered).mean([-1], keepdim: true).Plus(1e-5).sqrt() * x[1];
    });

    [TestMethod]
    public void GeluGate() => Compare([[7, 33], [7, 33]], x => TorchOperators.Gate(x[0], x[1], GateActivation.Gelu),
        x => (x[0] * x[0].Over(Math.Sqrt(2)).erf().Plus(1)).Over(2) * x[1]);

    [TestMethod]
    public void Gate() => Compare([[7, 33], [7, 33]], x => TorchOperators.Gate(x[0], x[1]), x => x[0] / (-x[0]).exp().Plus(1) * x[1]);

    [TestMethod]
    public void Linear() => Compare([[3, 5, 24], [17, 24]], x => TorchOperators.Linear(x[0], x[1]), x => matmul(x[0], x[1].t()));

    [TestMethod]
    public void LinearOfAMatrixThatIsNoLeaf() =>
        Compare([[3, 24], [17, 24]], x => TorchOperators.Linear(x[0], x[1].Times(2)), x => matmul(x[0], x[1].t()).Times(2));

    [TestMethod]
    public void CrossEntropy()
    {
        Tensor targets = tensor(new long[] { 0, 36, 5, 5, 17, 1 });
        Compare([[6, 37]], x => TorchOperators.CrossEntropy(x[0], targets), x =>
            x[0].exp().sum(1).log() - x[0].gather(1, targets.unsqueeze(1)).squeeze(1));
    }

    [TestMethod]
    public void Rotary()
    {
        float[] angles = [.. Enumerable.Range(0, 5 * 4).Select(i => 0.37f * i)];
        Tensor cos = tensor(angles.Select(MathF.Cos).ToArray(), [5, 1, 4]), sin = tensor(angles.Select(MathF.Sin).ToArray(), [5, 1, 4]);
        // (a + ib) e^(i angle), on complex numbers.
        Compare([[2, 5, 3, 8]], x => TorchOperators.Rotary(x[0], cos.to(x[0].dtype), sin.to(x[0].dtype)), x =>
        {
            Tensor turned =
                complex(x[0].narrow(3, 0, 4), x[0].narrow(3, 4, 4)) * complex(cos.to(ScalarType.Float64), sin.to(ScalarType.Float64));
            return cat([turned.real, turned.imag], -1);
        });
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Attention(bool causal) =>
        Compare([[2, 3, 7, 8], [2, 3, 7, 8], [2, 3, 7, 8]], x => TorchOperators.Attention(x[0], x[1], x[2], causal), x =>
        {
            Tensor scores = matmul(x[0], x[1].transpose(-2, -1)).Over(Math.Sqrt(8));
            if (causal)
                scores = scores.masked_fill(ones(7, 7, ScalarType.Bool).triu(1), Forbidden);
            return matmul(scores.softmax(-1), x[2]);
        });

    [TestMethod]
    public void ViewsThatAreNotContiguousGiveTheSame()
    {
        using var scope = NewDisposeScope();
        Tensor x = Draws([24, 6], 1), gain = Draws([24], 2), weight = Draws([6, 24], 3).requires_grad_();
        Tensor turned = x.transpose(0, 1);
        // 1e-6: torch may add up the terms of a turned matrix in another order.
        AssertClose(TorchOperators.RmsNorm(turned.contiguous(), gain, 1e-5), TorchOperators.RmsNorm(turned, gain, 1e-5), 1e-6);
        AssertClose(TorchOperators.Linear(turned.contiguous(), weight), TorchOperators.Linear(turned, weight), 1e-6);
        Tensor loss = TorchOperators.CrossEntropy(TorchOperators.Linear(turned, weight), tensor(new long[] { 0, 1, 2, 3, 4, 5 })).sum();
        loss.backward();
        Assert.IsNotNull(weight.grad);
    }

    [TestMethod]
    public void ShapesThatDoNotFitAreRefused()
    {
        using var scope = NewDisposeScope();
        Assert.ThrowsExactly<ArgumentException>(() => TorchOperators.RmsNorm(zeros(2, 3), zeros(4), 1e-5));
        Assert.ThrowsExactly<ArgumentException>(() => TorchOperators.Gate(zeros(2, 3), zeros(3, 2)));
        Assert.ThrowsExactly<ArgumentException>(() => TorchOperators.Linear(zeros(2, 3), zeros(2, 4)));
        Assert.ThrowsExactly<ArgumentException>(
            () => TorchOperators.Attention(zeros(1, 1, 3, 2), zeros(1, 1, 3, 4), zeros(1, 1, 3, 4), false));
        Assert.ThrowsExactly<ArgumentException>(() => TorchOperators.CrossEntropy(zeros(2, 3), zeros(3, ScalarType.Int64)));
    }

    [TestMethod]
    public void NoRowsGiveNoLosses()
    {
        using var scope = NewDisposeScope();
        Tensor losses = TorchOperators.CrossEntropy(TorchOperators.Linear(zeros(0, 4), ones(3, 4)), zeros(0, ScalarType.Int64));
        Assert.AreEqual(0, losses.NumberOfElements);
    }

    private static void Compare(long[][] shapes, Func<Tensor[], Tensor> function, Func<Tensor[], Tensor> formula)
    {
        using var scope = NewDisposeScope();
        Tensor[] inputs = [.. shapes.Select((shape, i) => Draws(shape, (ulong)i).requires_grad_())];
        Tensor[] exact = [.. inputs.Select(x => x.detach().to(ScalarType.Float64).requires_grad_())];
        Tensor actual = function(inputs), expected = formula(exact);
        Assert.AreEqual(ScalarType.Float32, actual.dtype);
        Assert.AreEqual(ScalarType.Float64, expected.dtype);
        Assert.AreEqual(ScalarType.Float64, function(exact).dtype);
        CollectionAssert.AreEqual(expected.shape, actual.shape);
        AssertClose(expected, actual, 3e-6);
        AssertClose(expected, function(exact), 1e-12);
        using (no_grad())
            AssertClose(actual, function(inputs), 0);
        Tensor weights = Draws(actual.shape, 77);
        (actual * weights).sum().backward();
        (expected * weights.to(ScalarType.Float64)).sum().backward();
        for (int i = 0; i < inputs.Length; i++)
            AssertClose(exact[i].grad!, inputs[i].grad!, 5e-6);
    }

    private static Tensor Draws(long[] shape, ulong stream) =>
        tensor(MatrixProductTests.Draws((int)shape.Aggregate(1L, (a, b) => a * b), stream + 20), shape);

    private static void AssertClose(Tensor expected, Tensor actual, double tolerance)
    {
        Tensor wide = expected.detach().to(ScalarType.Float64), difference = wide - actual.detach().to(ScalarType.Float64);
        double worst = (difference.abs() / wide.abs().Plus(1)).max().item<double>();
        Limit.AtMost(tolerance, worst);
    }
}
