using Microsoft.ML.MaskedDiffusion.Numerics.Autograd;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Vocabulary product and cross-entropy as one function, against the kernels one after the other: the same bits, with less memory.
/// </summary>
[TestClass]
public sealed unsafe class VocabularyLossTests
{
    private const int Width = 24;
    private const int Vocabulary = 41;
    private readonly BufferPool _pool = new();
    private readonly BackwardPass _pass = new();

    [TestMethod]
    [DataRow(1, false)]
    [DataRow(512, false)]
    [DataRow(1100, false)]
    [DataRow(1100, true)]
    public void LossAndGradientsHaveTheBitsOfProductAndCrossEntropy(int rows, bool rounded)
    {
        using var scope = NewDisposeScope();
        (float[] loss, float[] dInput, float[] dWeight) = Plain(rows, rounded);
        foreach (bool recompute in new[] { false, true })
        {
            Tensor input = tensor(Input(rows), [rows, Width]).requires_grad_();
            Tensor weight = tensor(Weight, [Vocabulary, Width]).requires_grad_();
            Tensor one = Loss(input, weight, rounded, recompute);
            (one * tensor(Share(rows))).sum().backward();
            CollectionAssert.AreEqual(loss, Floats(one));
            CollectionAssert.AreEqual(dInput, Floats(input.grad!));
            CollectionAssert.AreEqual(dWeight, Floats(weight.grad!));
        }
        using IDisposable noGradient = no_grad();
        CollectionAssert.AreEqual(
            loss, Floats(Loss(tensor(Input(rows), [rows, Width]), tensor(Weight, [Vocabulary, Width]), rounded, recompute: false)));
    }

    [TestMethod]
    public void ViewsThatAreNotContiguousGiveTheSame()
    {
        using var scope = NewDisposeScope();
        Tensor weight = tensor(Weight, [Vocabulary, Width]).requires_grad_();
        Tensor turned = tensor(Input(6), [Width, 6]).transpose(0, 1);
        Tensor loss = Loss(turned, weight, rounded: false, recompute: false);
        CollectionAssert.AreEqual(Floats(Loss(turned.contiguous(), weight, rounded: false, recompute: false)), Floats(loss));
        loss.sum().backward();
        Assert.IsNotNull(weight.grad);
    }

    [TestMethod]
    public void AMatrixThatIsNoLeafGetsItsGradientToo()
    {
        using var scope = NewDisposeScope();
        Tensor leaf = tensor(Weight, [Vocabulary, Width]).requires_grad_(), plain = leaf.detach().Times(2).requires_grad_();
        Tensor input = tensor(Input(600), [600, Width]);
        Loss(input, leaf.Times(2), rounded: false, recompute: true).sum().backward();
        Loss(input, plain, rounded: false, recompute: false).sum().backward();
        // The gradient of W in 2 W is twice that of 2 W, without a rounding.
        CollectionAssert.AreEqual(Floats(plain.grad!.Times(2)), Floats(leaf.grad!));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void RowsBehindTheVocabularyTakeNoPartAndABiasGetsItsGradient(bool recompute)
    {
        using var scope = NewDisposeScope();
        const int Known = Vocabulary - 3;
        Tensor weight = tensor(Weight, [Vocabulary, Width]).requires_grad_(), input = tensor(Input(600), [600, Width]).requires_grad_();
        Tensor bias = tensor(MatrixProductTests.Draws(Known, 44)).requires_grad_(), share = tensor(Share(600));
        long[] targets = [.. Enumerable.Range(0, 600).Select(i => (long)(i * 7 % Known))];
        Tensor loss = VocabularyLossFunction.Run(
            _pass, input, new OutputLayer(weight, bias, Known), new TargetCrossEntropy(targets), rounded: false, recompute, _pool);
        (loss * share).sum().backward();
        Tensor Wide(Tensor values) => values.detach().to(ScalarType.Float64).requires_grad_();
        Tensor wideWeight = Wide(weight), wideInput = Wide(input), wideBias = Wide(bias);
        Tensor logits = matmul(wideInput, wideWeight.narrow(0, 0, Known).t()).Plus(wideBias);
        Tensor expected = nn.functional.cross_entropy(logits, tensor(targets), reduction: nn.Reduction.None);
        (expected * share.to(ScalarType.Float64)).sum().backward();
        // 32-bit rounding of sums of 600 terms at most.
        foreach ((Tensor exact, Tensor ours) in new[]
            { (expected, loss), (wideInput.grad!, input.grad!), (wideWeight.grad!, weight.grad!), (wideBias.grad!, bias.grad!) })
            Limit.AtMost(2e-5, (exact - ours.to(ScalarType.Float64)).abs().max().item<double>());
        Assert.AreEqual(0, weight.grad!.narrow(0, Known, 3).abs().max().item<float>());
    }

    [TestMethod]
    public void ASecondBackwardPassIsRefused()
    {
        using var scope = NewDisposeScope();
        Tensor weight = tensor(Weight, [Vocabulary, Width]).requires_grad_();
        Tensor loss = Loss(tensor(Input(3), [3, Width]), weight, rounded: false, recompute: false).sum();
        loss.backward(retain_graph: true);
        Assert.ThrowsExactly<InvalidOperationException>(() => _pass.Run(loss));
    }

    private static float[] Weight { get; } = MatrixProductTests.Draws(Vocabulary * Width, 42);

    private static float[] Input(int rows) => MatrixProductTests.Draws(rows * Width, 41);

    private static float[] Share(int rows) => MatrixProductTests.Draws(rows, 43);

    private static long[] Targets(int rows) => [.. Enumerable.Range(0, rows).Select(i => (long)(i * 7 % Vocabulary))];

    // The product, the cross-entropy and their gradients, each over all rows at once.
    private static (float[] Loss, float[] DInput, float[] DWeight) Plain(int rows, bool rounded)
    {
        float[] loss = new float[rows], logSums = new float[rows], logits = new float[rows * Vocabulary];
        float[] dInput = new float[rows * Width], dWeight = new float[Vocabulary * Width];
        fixed (float* x = Input(rows), w = Weight, share = Share(rows), l = loss, s = logSums, z = logits, dX = dInput, dW = dWeight)
        fixed (long* targets = Targets(rows))
        {
            MatrixProduct.Multiply(rows, Vocabulary, Width, x, Width, false, w, Width, true, z, Vocabulary, rounded: rounded);
            CrossEntropyKernels.Forward(z, targets, l, s, rows, Vocabulary);
            CrossEntropyKernels.Backward(z, targets, s, share, z, rows, Vocabulary);
            MatrixProduct.Multiply(rows, Width, Vocabulary, z, Vocabulary, false, w, Width, false, dX, Width, rounded: rounded);
            MatrixProduct.Multiply(Vocabulary, Width, rows, z, Vocabulary, true, x, Width, false, dW, Width, add: true, rounded);
        }
        return (loss, dInput, dWeight);
    }

    private Tensor Loss(Tensor x, Tensor weight, bool rounded, bool recompute) =>
        VocabularyLossFunction.Run(
            _pass, x, new OutputLayer(weight, null, Vocabulary), new TargetCrossEntropy(Targets((int)x.size(0))), rounded, recompute,
            _pool);

    private static float[] Floats(Tensor values) => values.detach().contiguous().data<float>().ToArray();
}
