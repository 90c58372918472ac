using Microsoft.ML.MaskedDiffusion.Numerics.Autograd;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Vocabulary product and cross-entropy as one, against the two one after the other: the same bits, with less memory.</summary>
[TestClass]
public sealed class VocabularyLossTests
{
    private const int Width = 24;
    private const int Vocabulary = 41;
    private static readonly BufferPool Pool = new();

    [TestMethod]
    [DataRow(1, false)]
    [DataRow(512, false)]
    [DataRow(1100, false)]
    [DataRow(1100, true)]
    public void LossAndGradientsHaveTheBitsOfProductAndCrossEntropy(int rows, bool rounded)
    {
        using var scope = NewDisposeScope();
        Tensor targets = Targets(rows), share = Draws([rows], 3);
        (Tensor loss, Tensor dInput, Tensor dWeight) Run(Func<Tensor, Tensor, Tensor> function)
        {
            Tensor input = Draws([rows, Width], 1).requires_grad_(), weight = Draws([Vocabulary, Width], 2).requires_grad_();
            Tensor loss = function(input, weight);
            (loss * share).sum().backward();
            return (loss, input.grad!, weight.grad!);
        }
        var plain = Run((x, w) => Fused.CrossEntropy(Fused.Linear(x, w, rounded), targets));
        foreach (bool recompute in new[] { false, true })
        {
            var one = Run((x, w) => Loss(x, w, targets, rounded, recompute));
            CollectionAssert.AreEqual(Floats(plain.loss), Floats(one.loss));
            CollectionAssert.AreEqual(Floats(plain.dInput), Floats(one.dInput));
            CollectionAssert.AreEqual(Floats(plain.dWeight), Floats(one.dWeight));
        }
        using IDisposable noGradient = no_grad();
        CollectionAssert.AreEqual(Floats(plain.loss), Floats(Loss(Draws([rows, Width], 1), Draws([Vocabulary, Width], 2), targets, rounded, recompute: false)));
    }

    [TestMethod]
    public void AMatrixThatIsNoLeafGetsItsGradientToo()
    {
        using var scope = NewDisposeScope();
        Tensor leaf = Draws([Vocabulary, Width], 2).requires_grad_(), plain = Draws([Vocabulary, Width], 2).requires_grad_(), input = Draws([600, Width], 1);
        Loss(input, leaf * 2, Targets(600), rounded: false, recompute: true).sum().backward();
        Fused.CrossEntropy(Fused.Linear(input, plain * 2), Targets(600)).sum().backward();
        CollectionAssert.AreEqual(Floats(plain.grad!), Floats(leaf.grad!));
    }

    [TestMethod]
    public void ASecondBackwardPassIsRefused()
    {
        using var scope = NewDisposeScope();
        Tensor weight = Draws([Vocabulary, Width], 2).requires_grad_();
        Tensor loss = Loss(Draws([3, Width], 1), weight, Targets(3), rounded: false, recompute: false).sum();
        loss.backward(retain_graph: true);
        Assert.ThrowsExactly<InvalidOperationException>(() => BackwardPass.Run(loss));
    }

    [TestMethod]
    public void ShapesAndTargetsThatDoNotFitAreRefused()
    {
        using var scope = NewDisposeScope();
        Assert.ThrowsExactly<ArgumentException>(() => Loss(zeros(2, 3), zeros(5, 4), zeros(2, ScalarType.Int64), false, false));
        Assert.ThrowsExactly<ArgumentException>(() => Loss(zeros(2, 4), zeros(5, 4), zeros(3, ScalarType.Int64), false, false));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Loss(zeros(1, 4), zeros(5, 4), tensor(new long[] { 5 }), false, false));
        Assert.AreEqual(0, Loss(zeros(0, 4), zeros(5, 4), zeros(0, ScalarType.Int64), false, false).NumberOfElements);
    }

    private static Tensor Loss(Tensor x, Tensor weight, Tensor targets, bool rounded, bool recompute) => Fused.VocabularyLoss(x, weight, targets, rounded, recompute, Pool);

    private static Tensor Targets(int rows) => tensor(Enumerable.Range(0, rows).Select(i => (long)(i * 7 % Vocabulary)).ToArray());

    private static Tensor Draws(long[] shape, ulong stream) => tensor(MatrixProductTests.Draws((int)shape.Aggregate(1L, (a, b) => a * b), stream + 40), shape);

    private static float[] Floats(Tensor values) => values.detach().contiguous().data<float>().ToArray();
}
