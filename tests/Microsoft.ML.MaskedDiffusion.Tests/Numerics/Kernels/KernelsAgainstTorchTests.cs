using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The 32-bit kernels against torch's own operators in 64 bits: values, and gradients against torch's autograd.</summary>
[TestClass]
public sealed unsafe class KernelsAgainstTorchTests
{
    // 32-bit rounding of values, and of gradients, which are sums of rounded products.
    private const double Values = 3e-6;
    private const double Slopes = 5e-6;

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Norm(bool centered)
    {
        using var scope = NewDisposeScope();
        Tensor x = Draws([10, 24], 20), gain = Draws([24], 21), dy = Draws([10, 24], 97);
        Tensor wideX = Wide(x), wideGain = Wide(gain);
        Tensor from = centered ? wideX - wideX.mean([-1], keepdim: true) : wideX;
        Tensor expected = from / (from * from).mean([-1], keepdim: true).Plus(1e-5).sqrt() * wideGain;
        (expected * Wide(dy).detach()).sum().backward();
        Tensor y = empty(10, 24), scale = empty(10), dx = empty(10, 24), dGain = zeros(24);
        NormKernels.Forward(At(x), At(gain), 1e-5, At(y), At(scale), 10, 24, centered);
        NormKernels.Backward(At(x), At(gain), At(scale), At(dy), null, At(dx), At(dGain), 10, 24, centered);
        AssertClose(expected, y, Values);
        AssertClose(wideX.grad!, dx, Slopes);
        AssertClose(wideGain.grad!, dGain, Slopes);
    }

    [TestMethod]
    public void NormOfHeads()
    {
        using var scope = NewDisposeScope();
        // Two groups of three queries, a key and a value; the keys are normed.
        var layout = new HeadLayout(6, 2, 5);
        Tensor x = Draws([9, 50], 20), gain = Draws([5], 21), dy = Draws([9, 50], 97);
        Tensor wideX = Wide(x), wideGain = Wide(gain), heads = wideX.view(9, 2, 5, 5), keys = heads.narrow(2, 3, 1);
        Tensor normed = keys / (keys * keys).mean([-1], keepdim: true).Plus(1e-6).sqrt() * wideGain;
        Tensor expected = cat([heads.narrow(2, 0, 3), normed, heads.narrow(2, 4, 1)], 2).view(9, 50);
        (expected * Wide(dy).detach()).sum().backward();
        Tensor y = x.clone(), dGain = zeros(5);
        NormKernels.ForwardHeads(At(y) + layout.KeyOffset, layout.FusedKeys, At(gain), 1e-6, 9);
        NormKernels.BackwardHeads(
            At(x) + layout.KeyOffset, layout.FusedKeys, At(gain), 1e-6, At(dy) + layout.KeyOffset, At(dGain), 9);
        AssertClose(expected, y, Values);
        AssertClose(wideX.grad!, dy, Slopes);
        AssertClose(wideGain.grad!, dGain, Slopes);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(300)]
    public void Bias(int rows)
    {
        using var scope = NewDisposeScope();
        Tensor x = Draws([rows, 70], 20), bias = Draws([70], 21), dBias = ones(70), expected = x.Plus(bias);
        BiasKernels.AddGradient(At(dBias), At(x), rows, 70);
        AssertClose(Wide(x).sum([0]).Plus(1).Over(rows), dBias.Over(rows), Slopes);
        BiasKernels.Add(At(x), At(bias), rows, 70);
        AssertClose(expected, x, 0);
    }

    [TestMethod]
    public void Gelu()
    {
        using var scope = NewDisposeScope();
        Tensor x = Draws([7, 33], 20).Times(3), dy = Draws([7, 33], 97), wide = Wide(x), expected = nn.functional.gelu(wide);
        (expected * Wide(dy).detach()).sum().backward();
        Tensor y = empty(7, 33);
        GateKernels.ForwardGelu(At(x), At(y), 7 * 33);
        GateKernels.BackwardGelu(At(x), At(dy), 7 * 33);
        AssertClose(expected, y, Values);
        AssertClose(wide.grad!, dy, Slopes);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Gate(bool gelu)
    {
        using var scope = NewDisposeScope();
        Tensor gate = Draws([7, 33], 20), up = Draws([7, 33], 21), dy = Draws([7, 33], 97);
        Tensor wideGate = Wide(gate), wideUp = Wide(up);
        Tensor expected = (gelu ? nn.functional.gelu(wideGate) : nn.functional.silu(wideGate)) * wideUp;
        (expected * Wide(dy).detach()).sum().backward();
        Tensor y = empty(7, 33), dGate = empty(7, 33), dUp = empty(7, 33);
        GateKernels.Forward(At(gate), At(up), At(y), 7 * 33, gelu);
        GateKernels.Backward(At(gate), At(up), At(dy), At(dGate), At(dUp), 7 * 33, gelu);
        AssertClose(expected, y, Values);
        AssertClose(wideGate.grad!, dGate, Slopes);
        AssertClose(wideUp.grad!, dUp, Slopes);
    }

    [TestMethod]
    public void Linear()
    {
        using var scope = NewDisposeScope();
        Tensor x = Draws([15, 24], 20), weight = Draws([17, 24], 21), dy = Draws([15, 17], 97);
        Tensor wideX = Wide(x), wideWeight = Wide(weight), expected = matmul(wideX, wideWeight.t());
        (expected * Wide(dy).detach()).sum().backward();
        Tensor y = empty(15, 17), dx = empty(15, 24), dWeight = zeros(17, 24);
        MatrixProduct.Multiply(15, 17, 24, At(x), 24, false, At(weight), 24, true, At(y), 17);
        MatrixProduct.Multiply(15, 24, 17, At(dy), 17, false, At(weight), 24, false, At(dx), 24);
        MatrixProduct.Multiply(17, 24, 15, At(dy), 17, true, At(x), 24, false, At(dWeight), 24, add: true);
        AssertClose(expected, y, Values);
        AssertClose(wideX.grad!, dx, Slopes);
        AssertClose(wideWeight.grad!, dWeight, Slopes);
    }

    [TestMethod]
    public void CrossEntropy()
    {
        using var scope = NewDisposeScope();
        Tensor logits = Draws([6, 37], 20), dy = Draws([6], 97), targets = tensor(new long[] { 0, 36, 5, 5, 17, 1 });
        Tensor wide = Wide(logits), expected = -wide.log_softmax(-1).gather(1, targets.unsqueeze(1)).squeeze(1);
        (expected * Wide(dy).detach()).sum().backward();
        Tensor loss = empty(6), logSums = empty(6), dLogits = empty(6, 37);
        long* ids = (long*)TensorMemory.Address(targets, ScalarType.Int64);
        CrossEntropyKernels.Forward(At(logits), ids, At(loss), At(logSums), 6, 37);
        CrossEntropyKernels.Backward(At(logits), ids, At(logSums), At(dy), At(dLogits), 6, 37);
        AssertClose(expected, loss, Values);
        AssertClose(wide.grad!, dLogits, Slopes);
    }

    private static float* At(Tensor values) => TensorMemory.Floats(values);

    private static Tensor Wide(Tensor values) => values.to(ScalarType.Float64).requires_grad_();

    private static Tensor Draws(long[] shape, ulong stream) =>
        tensor(MatrixProductTests.Draws((int)shape.Aggregate(1L, (a, b) => a * b), stream), shape);

    private static void AssertClose(Tensor expected, Tensor actual, double tolerance)
    {
        Tensor wide = expected.detach(), difference = wide - actual.to(ScalarType.Float64);
        Limit.AtMost(tolerance, (difference.abs() / wide.abs().Plus(1)).max().item<double>());
    }
}
