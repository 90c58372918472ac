using TorchSharp;
using static TorchSharp.torch;

namespace StandIns.Tests.Torch;

[TestClass]
public class AutogradTests
{
    [TestMethod]
    public void GradientsOfOrdinaryOperationsAreTheDerivatives()
    {
        using var scope = NewDisposeScope();
        Tensor x = tensor(new[] { 1.0, -2.0, 0.5 }, requires_grad: true);
        (x.square() * 3 + x.exp()).sum().backward();
        Reference.AreClose([6 + Math.Exp(1), -12 + Math.Exp(-2), 3 + Math.Exp(0.5)], x.grad, 1e-14);
        Assert.IsTrue(x.is_leaf);
        x.grad = null;
        Assert.IsNull(x.grad);
    }

    [TestMethod]
    public void GradientsAddUpUntilTheyAreCleared()
    {
        using var scope = NewDisposeScope();
        Tensor x = ones(2, requires_grad: true);
        x.sum().backward();
        x.sum().backward();
        Reference.AreClose([2, 2], x.grad, 0);
    }

    [TestMethod]
    public void FunctionalGradientsDoNotTouchTheLeaves()
    {
        using var scope = NewDisposeScope();
        Tensor x = tensor(new[] { 2.0, 3.0 }, requires_grad: true);
        IList<Tensor> first = autograd.grad([x.pow(3).sum()], [x], create_graph: true);
        Reference.AreClose([12, 27], first[0], 1e-14);
        IList<Tensor> second = autograd.grad([first[0].sum()], [x]);
        Reference.AreClose([12, 18], second[0], 1e-14);
        Assert.IsNull(x.grad);
    }

    [TestMethod]
    public void NothingIsRecordedWhereRecordingIsOff()
    {
        using var scope = NewDisposeScope();
        Tensor x = ones(2, requires_grad: true);
        Assert.IsTrue(is_grad_enabled());
        using (no_grad())
        {
            Assert.IsFalse(is_grad_enabled());
            Assert.IsFalse((x * 2).requires_grad);
            using (enable_grad())
                Assert.IsTrue((x * 2).requires_grad);
        }
        using (inference_mode())
            Assert.IsFalse((x * 2).requires_grad);
        Assert.IsTrue((x * 2).requires_grad);
        Assert.IsFalse((x * 2).detach().requires_grad);
    }

    [TestMethod]
    public void RecordingIsAMatterOfTheThread()
    {
        using (no_grad())
        {
            bool elsewhere = false;
            var thread = new Thread(() => elsewhere = is_grad_enabled());
            thread.Start();
            thread.Join();
            Assert.IsTrue(elsewhere);
        }
    }

    [TestMethod]
    public void AManagedFunctionHasTheGradientsOfFiniteDifferences()
    {
        double[] a = Reference.Numbers(6, 11), b = Reference.Numbers(6, 12);
        using var scope = NewDisposeScope();
        Tensor x = tensor(a, requires_grad: true), y = tensor(b, requires_grad: true);
        Tensor result = ScaledProduct.apply(x, y, 1.5);
        result.exp().sum().backward();
        double Loss(double[] p, double[] q) => p.Zip(q, (u, w) => Math.Exp(1.5 * u * w)).Sum();
        for (int i = 0; i < a.Length; i++)
        {
            Assert.AreEqual(Slope(a, i, p => Loss(p, b)), x.grad![i].ToDouble(), 1e-7);
            Assert.AreEqual(Slope(b, i, q => Loss(a, q)), y.grad![i].ToDouble(), 1e-7);
        }
    }

    [TestMethod]
    public void AManagedFunctionOfConstantsRecordsNothing()
    {
        using var scope = NewDisposeScope();
        Tensor x = ones(3), y = ones(3);
        Assert.IsFalse(ScaledProduct.apply(x, y, 2.0).requires_grad);
        x.requires_grad = true;
        using (no_grad())
            Assert.IsFalse(ScaledProduct.apply(x, y, 2.0).requires_grad);
        Tensor result = ScaledProduct.apply(x, y, 2.0);
        result.sum().backward();
        Reference.AreClose([2, 2, 2], x.grad, 0);
        Assert.IsNull(y.grad);
    }

    [TestMethod]
    public void AManagedFunctionWithTwoResultsGetsAGradientForEach()
    {
        using var scope = NewDisposeScope();
        Tensor x = tensor(new[] { 1.0, 2.0 }, requires_grad: true);
        List<Tensor> results = SumAndDifference.apply(x, tensor(new[] { 5.0, 7.0 }));
        // Only the first result is used: the other's gradient is zeros, not null.
        (results[0] * 3).sum().backward();
        Reference.AreClose([3, 3], x.grad, 0);
        Reference.AreClose([-4, -5], results[1], 0);
    }

    [TestMethod]
    public void ManagedFunctionsWorkInsideLongChains()
    {
        using var scope = NewDisposeScope();
        Tensor x = tensor(new[] { 0.5 }, requires_grad: true), one = ones(1, ScalarType.Float64), y = x;
        for (int i = 0; i < 200; i++)
            y = ScaledProduct.apply(y, one, 1.01);
        y.backward();
        Reference.AreClose([Math.Pow(1.01, 200)], x.grad, 1e-12);
    }

    [TestMethod]
    public void SavedTensorsSurviveTheirScope()
    {
        using Tensor x = tensor(new[] { 2.0 }, requires_grad: true), y = tensor(new[] { 4.0 });
        Tensor result;
        using (NewDisposeScope())
            result = ScaledProduct.apply(x, y.clone(), 1.0).MoveToOuterDisposeScope();
        using (result)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            result.backward();
            using Tensor? gradient = x.grad;
            Reference.AreClose([4], gradient, 0);
        }
    }

    [TestMethod]
    public void AGradientOfAnImpossibleShapeEndsBackwardWithAnError()
    {
        using var scope = NewDisposeScope();
        Tensor x = ones(2, requires_grad: true);
        var thrown = Assert.ThrowsExactly<System.Runtime.InteropServices.ExternalException>(() => Misshapen.apply(x).sum().backward());
        StringAssert.Contains(thrown.Message, "invalid gradient at index 0");
        Assert.IsNull(x.grad);
    }

    private static double Slope(double[] point, int index, Func<double[], double> function)
    {
        const double step = 1e-6;
        double[] up = [.. point], down = [.. point];
        up[index] += step;
        down[index] -= step;
        return (function(up) - function(down)) / (2 * step);
    }

    private sealed class ScaledProduct : autograd.SingleTensorFunction<ScaledProduct>
    {
        public override string Name => nameof(ScaledProduct);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var x = (Tensor)vars[0];
            var y = (Tensor)vars[1];
            ctx.save_for_backward([x, y]);
            ctx.save_data("scale", vars[2]);
            return x * y * (double)vars[2];
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            List<Tensor> saved = ctx.get_saved_variables();
            double scale = (double)ctx.get_data("scale");
            return [grad_output * saved[1] * scale, grad_output * saved[0] * scale, null!];
        }
    }

    private sealed class SumAndDifference : autograd.MultiTensorFunction<SumAndDifference>
    {
        public override string Name => nameof(SumAndDifference);

        public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var x = (Tensor)vars[0];
            var y = (Tensor)vars[1];
            return [x + y, x - y];
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs) =>
            [grad_outputs[0] + grad_outputs[1], grad_outputs[0] - grad_outputs[1]];
    }

    private sealed class Misshapen : autograd.SingleTensorFunction<Misshapen>
    {
        public override string Name => nameof(Misshapen);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars) => (Tensor)vars[0] * 2;

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => [zeros(Array.Empty<long>())];
    }
}
