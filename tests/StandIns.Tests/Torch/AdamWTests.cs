using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace StandIns.Tests.Torch;

[TestClass]
public class AdamWTests
{
    // Fifty steps of float arithmetic against double arithmetic on values of size one.
    private const double Tolerance = 1e-5;

    [TestMethod]
    [DataRow(0.0, false)]
    [DataRow(0.1, false)]
    [DataRow(0.1, true)]
    public void StepsEqualTheHandWrittenLoop(double decay, bool amsgrad)
    {
        const double rate = 0.01, beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8;
        double[] weights = Reference.Numbers(7, 20), means = new double[7], squares = new double[7], largest = new double[7];
        using var scope = NewDisposeScope();
        var parameter = new Parameter(tensor(weights, dtype: ScalarType.Float32));
        using var optimizer = optim.AdamW([parameter], rate, beta1, beta2, epsilon, decay, amsgrad);
        for (int step = 1; step <= 50; step++)
        {
            double[] gradient = Reference.Numbers(7, 100 + step);
            parameter.grad = tensor(gradient, dtype: ScalarType.Float32);
            optimizer.step();
            for (int i = 0; i < weights.Length; i++)
            {
                weights[i] *= 1 - rate * decay;
                means[i] = beta1 * means[i] + (1 - beta1) * gradient[i];
                squares[i] = beta2 * squares[i] + (1 - beta2) * gradient[i] * gradient[i];
                largest[i] = amsgrad ? Math.Max(largest[i], squares[i]) : squares[i];
                double denominator = Math.Sqrt(largest[i]) / Math.Sqrt(1 - Math.Pow(beta2, step)) + epsilon;
                weights[i] -= rate / (1 - Math.Pow(beta1, step)) * means[i] / denominator;
            }
            Reference.AreClose(weights, parameter, Tolerance);
        }
        parameter.Dispose();
    }

    [TestMethod]
    public void DoubleParametersTakeTheSameSteps()
    {
        using var scope = NewDisposeScope();
        double[] start = Reference.Numbers(9, 21);
        var single = new Parameter(tensor(start, dtype: ScalarType.Float32));
        var wide = new Parameter(tensor(start));
        using var first = optim.AdamW([single], 0.01, weight_decay: 0.1);
        using var second = optim.AdamW([wide], 0.01, weight_decay: 0.1);
        for (int step = 0; step < 20; step++)
        {
            double[] gradient = Reference.Numbers(9, 200 + step);
            single.grad = tensor(gradient, dtype: ScalarType.Float32);
            wide.grad = tensor(gradient);
            first.step();
            second.step();
        }
        Reference.AreClose(Reference.Doubles(wide), single, Tolerance);
    }

    [TestMethod]
    public void ParametersWithoutGradientStayAsTheyAre()
    {
        using var scope = NewDisposeScope();
        var used = new Parameter(ones(3));
        var unused = new Parameter(ones(3));
        using var optimizer = optim.AdamW([used, unused], 0.1, weight_decay: 0.5);
        used.grad = ones(3);
        optimizer.step();
        Reference.AreClose([1, 1, 1], unused, 0);
        Assert.AreNotEqual(1.0, used[0].ToDouble());
        optimizer.zero_grad();
        Reference.AreClose([0, 0, 0], used.grad, 0);
        Assert.IsNull(unused.grad);
    }

    [TestMethod]
    public void GroupsHaveTheirOwnDecayAndTheRateCanChange()
    {
        using var scope = NewDisposeScope();
        var decayed = new Parameter(ones(2));
        var free = new Parameter(ones(2));
        using var optimizer = new AdamW(
            [new AdamW.ParamGroup([decayed], lr: 0.1, weight_decay: 0.5), new AdamW.ParamGroup([free], lr: 0.1, weight_decay: 0)], lr: 0.1);
        Assert.AreEqual(2, optimizer.ParamGroups.Count());
        foreach (optim.ILearningRateController group in optimizer.ParamGroups)
        {
            Assert.AreEqual(0.1, group.LearningRate);
            group.LearningRate = 0.2;
        }
        decayed.grad = zeros(2);
        free.grad = zeros(2);
        optimizer.step();
        // A gradient of zeros leaves the decay alone: 1 - 0.2 * 0.5.
        Reference.AreClose([0.9, 0.9], decayed, 1e-7);
        Reference.AreClose([1, 1], free, 0);
    }

    [TestMethod]
    public void AStateThatWasSavedGoesOnAsIfNothingHadHappened()
    {
        using var scope = NewDisposeScope();
        var first = new Parameter(tensor(Reference.Numbers(6, 22), dtype: ScalarType.Float32));
        using var optimizer = optim.AdamW([first], 0.05, weight_decay: 0.1);
        Run(optimizer, first, 0, 5);
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true))
            optimizer.save_state_dict(writer);
        var second = new Parameter(first.detach().clone());
        using var resumed = optim.AdamW([second], 0.001);
        stream.Position = 0;
        using (var reader = new BinaryReader(stream))
            resumed.load_state_dict(reader);
        Run(optimizer, first, 5, 5);
        Run(resumed, second, 5, 5);
        CollectionAssert.AreEqual(first.data<float>().ToArray(), second.data<float>().ToArray());
    }

    [TestMethod]
    public void ClippingScalesAllGradientsByOneFactor()
    {
        using var scope = NewDisposeScope();
        var a = new Parameter(zeros(1));
        var b = new Parameter(zeros(1));
        a.grad = tensor([3f]);
        b.grad = tensor([4f]);
        Assert.AreEqual(5, nn.utils.clip_grad_norm_([a, b], 1), 1e-6);
        Reference.AreClose([0.6], a.grad, 1e-5);
        Reference.AreClose([0.8], b.grad, 1e-5);
        Assert.AreEqual(1, nn.utils.clip_grad_norm_([a, b], 100), 1e-5);
        Reference.AreClose([0.6], a.grad, 1e-5);
    }

    private static void Run(AdamW optimizer, Parameter parameter, int from, int count)
    {
        for (int step = from; step < from + count; step++)
        {
            parameter.grad = tensor(Reference.Numbers(6, 300 + step), dtype: ScalarType.Float32);
            optimizer.step();
        }
    }
}
