using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Optimizers;
using TorchSharp;
using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class AdamWOptimizerTests
{
    private static readonly TrainingSettings Settings = new() { WeightDecay = 0.1, GradientClipNorm = 1.5 };

    // An array that is no multiple of any vector, one longer than a piece of work, one of a single element.
    private static readonly long[][] Shapes = [[13], [257, 259], [1, 1]];

    /// <summary>AdamW and clipping from their definitions, in double.</summary>
    private sealed class Oracle(double[][] parameters, TrainingSettings settings, Func<int, bool> decays)
    {
        private readonly double[][] _first = [.. parameters.Select(p => new double[p.Length])];
        private readonly double[][] _second = [.. parameters.Select(p => new double[p.Length])];
        private int _step;

        public double Step(double[][] gradients, double learningRate)
        {
            _step++;
            double norm = Math.Sqrt(gradients.Sum(g => g.Sum(x => x * x)));
            double scale = Math.Min(1, settings.GradientClipNorm / (norm + 1e-6));
            for (int k = 0; k < parameters.Length; k++)
            {
                for (int i = 0; i < parameters[k].Length; i++)
                {
                    double g = gradients[k][i] * scale;
                    _first[k][i] = settings.Beta1 * _first[k][i] + (1 - settings.Beta1) * g;
                    _second[k][i] = settings.Beta2 * _second[k][i] + (1 - settings.Beta2) * g * g;
                    double m = _first[k][i] / (1 - Math.Pow(settings.Beta1, _step)),
                        v = _second[k][i] / (1 - Math.Pow(settings.Beta2, _step));
                    if (decays(k))
                        parameters[k][i] *= 1 - learningRate * settings.WeightDecay;
                    parameters[k][i] -= learningRate * m / (Math.Sqrt(v) + TrainingSettings.Epsilon);
                }
            }
            return norm;
        }
    }

    private static void Compare(Func<IReadOnlyDictionary<string, Parameter>, TrainingSettings, AdamWOptimizer> create,
        TrainingSettings settings)
    {
        var random = new Random(5);
        float[] Draw(long[] shape, double scale) =>
            [.. Enumerable.Range(0, (int)shape.Aggregate((a, b) => a * b)).Select(_ => (float)((random.NextDouble() - 0.5) * scale))];
        using var scope = torch.NewDisposeScope();
        float[][] initial = [.. Shapes.Select(shape => Draw(shape, 1))];
        Parameter[] parameters = [.. initial.Zip(Shapes, (values, shape) => new Parameter(torch.tensor(values, shape)))];
        double[][] expected = [.. initial.Select(values => values.Select(x => (double)x).ToArray())];
        var oracle = new Oracle(expected, settings, k => settings.DecayNormGains || Shapes[k].Length > 1);
        using AdamWOptimizer optimizer = create(
            parameters.Select((p, k) => (Name: $"p{k}", p)).ToDictionary(x => x.Name, x => x.p), settings);
        for (int step = 0; step < 6; step++)
        {
            // The first steps are clipped, the last ones are not.
            double scale = Math.Pow(10, -step);
            float[][] gradients = [.. Shapes.Select(shape => Draw(shape, scale))];
            for (int k = 0; k < parameters.Length; k++)
                parameters[k].grad = torch.tensor(gradients[k], Shapes[k]);
            double learningRate = 0.01 * (step + 1);
            double norm = oracle.Step([.. gradients.Select(values => values.Select(x => (double)x).ToArray())], learningRate);
            double measured = optimizer.PrepareGradients();
            if (!double.IsNaN(measured))
                Assert.AreEqual(norm, measured, 1e-6 * norm, "a piece of 32,768 squares is summed in single precision");
            optimizer.Step(learningRate);
            optimizer.ClearGradients();
            for (int k = 0; k < parameters.Length; k++)
            {
                float[] actual = TensorMemory.FloatSpan(parameters[k]).ToArray();
                for (int i = 0; i < actual.Length; i++)
                    // A step moves by about the learning rate; single precision leaves some 1e-6 of that, and 6e-8 of the value.
                    Assert.AreEqual(expected[k][i], actual[i], 1e-6, $"step {step}, parameter {k}, element {i}");
            }
        }
    }

    [TestMethod]
    public void OnTheHostFollowsTheDefinition() => Compare((parameters, settings) => new HostAdamW(parameters, settings), Settings);

    [TestMethod]
    public void InLibtorchOperationsFollowsTheDefinition() =>
        Compare((parameters, settings) => new DeviceAdamW(parameters, settings), Settings);

    [TestMethod]
    public void NormGainsCanBeSparedFromDecay() => Compare(AdamWOptimizer.Create, Settings with { DecayNormGains = false });

    [TestMethod]
    public void ClippingCanBeOff() => Compare(AdamWOptimizer.Create, Settings with { GradientClipNorm = double.PositiveInfinity });

    [TestMethod]
    public void OnADeviceAllParametersStandInOnePieceOfMemoryAndKeepTheirNumbers()
    {
        using var scope = torch.NewDisposeScope();
        var parameters = Shapes.Select((shape, k) => (Name: $"p{k}", Values: new Parameter(torch.rand(shape))))
            .ToDictionary(x => x.Name, x => x.Values);
        float[][] before = [.. parameters.Values.Select(p => TensorMemory.FloatSpan(p).ToArray())];
        using (var optimizer = new DeviceAdamW(parameters, Settings with { DecayNormGains = false }))
        {
            string[] names = [.. optimizer.Slots.Select(slot => slot.Name)];
            CollectionAssert.AreEqual(parameters.Keys.ToArray(), names, "the network's order");
            // Those that decay stand first: p1, p2, and then the gain p0.
            Assert.AreEqual(257 * 259, Distance(parameters["p1"], parameters["p2"]));
            Assert.AreEqual(1, Distance(parameters["p2"], parameters["p0"]));
            foreach (Parameter parameter in parameters.Values)
                Assert.IsTrue(parameter.is_leaf && parameter.requires_grad, "a backward pass reaches it");
        }
        for (int k = 0; k < Shapes.Length; k++)
        {
            float[] after = TensorMemory.FloatSpan(parameters[$"p{k}"]).ToArray();
            CollectionAssert.AreEqual(before[k], after, "after the optimizer's disposal too");
        }

        static unsafe long Distance(torch.Tensor one, torch.Tensor other) => TensorMemory.Floats(other) - TensorMemory.Floats(one);
    }

    [TestMethod]
    public void OnADeviceGradientsOfSeveralBackwardPassesAddUp()
    {
        using var scope = torch.NewDisposeScope();
        var once = new Parameter(torch.ones(3, 2));
        var twice = new Parameter(torch.ones(3, 2));
        using var first = new DeviceAdamW(new Dictionary<string, Parameter> { ["p"] = once }, Settings);
        using var second = new DeviceAdamW(new Dictionary<string, Parameter> { ["p"] = twice }, Settings);
        for (int step = 0; step < 2; step++)
        {
            torch.Tensor slopes = torch.tensor([0f, 1, 2, 3, 4, 5], [3, 2]);
            (once * slopes).sum().backward();
            for (int pass = 0; pass < 2; pass++)
                (twice * slopes).Times(0.5).sum().backward();
            double norm = first.PrepareGradients();
            Assert.AreEqual(Math.Sqrt(55), norm, 1e-5, "of 0 to 5, in single precision");
            Assert.AreEqual(norm, second.PrepareGradients(), "halves are exact");
            first.Step(0.1);
            second.Step(0.1);
        }
        CollectionAssert.AreEqual(TensorMemory.FloatSpan(once).ToArray(), TensorMemory.FloatSpan(twice).ToArray());
    }

    [TestMethod]
    public void FloatsOnTheHostGetTheFastPath()
    {
        using var scope = torch.NewDisposeScope();
        using AdamWOptimizer single = AdamWOptimizer.Create(
            new Dictionary<string, Parameter> { ["p"] = new Parameter(torch.zeros(3)) }, Settings);
        using AdamWOptimizer wide = AdamWOptimizer.Create(
            new Dictionary<string, Parameter> { ["p"] = new Parameter(torch.zeros(3, dtype: torch.ScalarType.Float64)) }, Settings);
        Assert.IsInstanceOfType<HostAdamW>(single);
        Assert.IsInstanceOfType<DeviceAdamW>(wide);
    }
}
