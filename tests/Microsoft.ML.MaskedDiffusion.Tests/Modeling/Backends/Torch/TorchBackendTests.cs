using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Backends.Torch;
using Microsoft.ML.MaskedDiffusion.Numerics.Autograd;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Optimizers;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// The backend of GPUs, run on the processor, against the kernels' results; and on a device without memory, where nothing can be read back.
/// </summary>
[TestClass]
public sealed class TorchBackendTests
{
    private const int Rows = 6;
    private const int Length = 24;

    private static readonly TransformerConfig Config = TransformerNetworkTests.Small with { LayerCount = 3 };

    [TestMethod]
    [DataRow(ScalarType.Float64, Precision.Float32, false)]
    [DataRow(ScalarType.Float64, Precision.Float32, true)]
    [DataRow(ScalarType.Float32, Precision.Float32, false)]
    [DataRow(ScalarType.Float32, Precision.Float32, true)]
    [DataRow(ScalarType.Float32, Precision.BFloat16Mixed, false)]
    [DataRow(ScalarType.Float32, Precision.BFloat16Mixed, true)]
    [DataRow(ScalarType.BFloat16, Precision.Float32, false)]
    [DataRow(ScalarType.BFloat16, Precision.Float32, true)]
    public void StatesLogitsLossAndGradientsAreTheKernels(ScalarType type, Precision precision, bool autoregressive)
    {
        // 32 bits carry seven digits, of which sums over all rows lose one. bfloat16 rounds to one part in 512; the errors of a product's
        // many operands partly cancel, those of the layers add up, and weights that are bfloat16 themselves round the residual stream and
        // the norms as well.
        double tolerance = type == ScalarType.BFloat16 ? 20.0 / 512 : precision == Precision.BFloat16Mixed ? 8.0 / 512 : 1e-5;
        using var scope = NewDisposeScope();
        TransformerConfig config = Config with { Autoregressive = autoregressive };
        using TransformerNetwork kernels = new(config, CPU), composed = new(config, CPU, type, torchOperators: true);
        kernels.Initialize(3);
        composed.CopyFrom(kernels);
        // Both compute with the same weights, also where the type rounds them.
        kernels.CopyFrom(composed);
        kernels.Precision = composed.Precision = precision;
        Figures expected = Compute(kernels), actual = Compute(composed);
        AssertClose(expected.States, actual.States, tolerance, "states");
        AssertClose(expected.Asked, actual.Asked, tolerance, "states at some places");
        AssertClose(expected.Logits, actual.Logits, tolerance, "logits");
        AssertClose(expected.Losses, actual.Losses, tolerance, "losses");
        Assert.HasCount(expected.Gradients.Count, actual.Gradients);
        foreach ((string name, Tensor gradient) in expected.Gradients)
            AssertClose(gradient, actual.Gradients[name], tolerance, "gradient of " + name);
    }

    [TestMethod]
    [DataRow(ScalarType.Float64, Precision.Float32, false, 1e-12)]
    [DataRow(ScalarType.Float64, Precision.Float32, true, 1e-12)]
    [DataRow(ScalarType.Float32, Precision.Float32, false, 1e-6)]
    // Each slice's part of the output layer's gradient is rounded to bfloat16.
    [DataRow(ScalarType.Float32, Precision.BFloat16Mixed, false, 4.0 / 512)]
    public void CrossEntropyInSlicesIsThatOfAllRows(ScalarType type, Precision precision, bool checkpointing, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var network = new TransformerNetwork(Config, CPU, type, torchOperators: true);
        network.Initialize(3);
        (Tensor Losses, Tensor DStates, Tensor DHead) Run(long sliceLogits)
        {
            network.ZeroGradients();
            var pass = new BackwardPass();
            using var backend = new TorchBackend(Config, network.Parameters, CPU, type, pass)
            {
                SliceLogits = sliceLogits,
                Precision = precision,
                ActivationCheckpointing = checkpointing,
            };
            Tensor states = randn([50, Config.EmbeddingSize], type, generator: new Generator(7)).requires_grad_();
            Tensor losses = backend.CrossEntropy(states, [.. Enumerable.Range(0, 50).Select(i => (long)(i * 5 % Config.VocabularySize))]);
            pass.Run((losses * tensor(Enumerable.Range(0, 50).Select(i => (double)i).ToArray(), type)).mean());
            return (losses.detach(), states.grad!, network.Parameters[TransformerNetwork.HeadName].grad!.clone());
        }
        var whole = Run(1 << 24);
        // Seven rows in a slice, the last slice shorter; then a row in each.
        foreach (int slice in new[] { 7 * Config.VocabularySize, 1 })
        {
            var sliced = Run(slice);
            AssertClose(whole.Losses, sliced.Losses, tolerance, "losses");
            AssertClose(whole.DStates, sliced.DStates, tolerance, "gradient of the states");
            AssertClose(whole.DHead, sliced.DHead, tolerance, "gradient of the output layer");
        }
    }

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(1.5)]
    public void LogProbabilitiesInSlicesAreTheKernels(double scale)
    {
        using var scope = NewDisposeScope();
        using var network = TransformerNetworkTests.Sharp(Config, ScalarType.Float32);
        Tensor states = randn([20, Config.EmbeddingSize], generator: new Generator(7));
        Tensor? others = scale == 0 ? null : randn([20, Config.EmbeddingSize], generator: new Generator(8));
        // Out of order, some rows twice, some not at all.
        int[] rows = [3, 19, 0, 3, 7, 12, 8], targets = [1, 2, 18, 0, 4, 5, 6];
        var expected = new double[rows.Length];
        network.LogProbabilities(states, others, scale, rows, targets, expected);
        foreach (long slice in new[] { 1L << 24, 3 * Config.VocabularySize, 1 })
        {
            using var backend =
                new TorchBackend(Config, network.Parameters, CPU, ScalarType.Float32, new BackwardPass()) { SliceLogits = slice };
            var actual = new double[rows.Length];
            backend.LogProbabilities(states, others, scale, rows, targets, actual);
            for (int i = 0; i < rows.Length; i++)
                // 32-bit logits near 20, guided ones near 50.
                Assert.AreEqual(expected[i], actual[i], 1e-4, $"query {i}, slices of {slice}");
        }
        using var composed = new TransformerNetwork(Config, CPU, torchOperators: true);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => composed.LogProbabilities(states, null, 0, [0], [19], new double[1]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => network.LogProbabilities(states, null, 0, [0], [19], new double[1]));
    }

    /// <summary>
    /// Tensors of torch's meta device have shapes and no numbers: to read one back is an error. So a step that runs there reads nothing
    /// back on a GPU either, where each reading would make the processor wait for all work that it has given to the GPU.
    /// </summary>
    [TestMethod]
    [DataRow(Precision.Float32, false)]
    [DataRow(Precision.Float32, true)]
    [DataRow(Precision.BFloat16Mixed, true)]
    public void ATrainingStepReadsNothingBackFromItsDevice(Precision precision, bool checkpointing)
    {
        using var scope = NewDisposeScope();
        // The masked tokens' logits are several slices of the cross-entropy.
        using var network = new TransformerNetwork(Config, META);
        Assert.Throws<Exception>(
            () => network.Parameters[TransformerNetwork.HeadName].sum().ToDouble(), "the device must refuse to be read");
        network.Initialize(1);
        var pass = new BackwardPass();
        using var backend = new TorchBackend(Config, network.Parameters, META, ScalarType.Float32, pass)
        {
            Precision = precision,
            ActivationCheckpointing = checkpointing,
            SliceLogits = 7 * Config.VocabularySize,
            FusedAttention = (query, key, value, _, _) => matmul(matmul(query, key.transpose(-2, -1)).softmax(-1), value),
        };
        using AdamWOptimizer optimizer = AdamWOptimizer.Create(network.Parameters, new TrainingSettings());
        using var average = new WeightAverage(network.Parameters, 0.99);
        using var meter = new LossMeter(META);
        long[] masked = [.. Enumerable.Range(0, Rows * Length).Where(i => i % 3 == 0).Select(i => (long)i)];
        for (int step = 1; step <= 2; step++)
        {
            Tensor states = backend.Hidden(Tokens(Config)).view(-1, Config.EmbeddingSize).index(Upload.Integers(masked, META));
            Tensor losses = backend.CrossEntropy(states, Array.ConvertAll(masked, i => i % Config.VocabularySize));
            Tensor loss = (losses / Upload.Floats(new float[masked.Length], ScalarType.Float32, META)).sum();
            pass.Run(loss);
            meter.Add(loss);
            Assert.IsTrue(network.Parameters.Values.All(parameter => parameter.grad is { device_type: DeviceType.META }));
            Assert.IsTrue(double.IsNaN(optimizer.PrepareGradients()), "the norm stays on the device");
            optimizer.Step(1e-3);
            network.ZeroGradients();
            average.Update(step);
        }
    }

    private static TokenRows Tokens(TransformerConfig config) =>
        TransformerNetworkTests.Batch([.. Enumerable.Range(0, Rows).Select(i => TransformerNetworkTests.Tokens((ulong)i, Length, config))]);

    private sealed record Figures(Tensor States, Tensor Asked, Tensor Logits, Tensor Losses, Dictionary<string, Tensor> Gradients);

    private static Figures Compute(TransformerNetwork network)
    {
        TransformerConfig config = network.Config;
        TokenRows tokens = Tokens(config);
        Tensor states = network.Hidden(tokens);
        Tensor losses = network.CrossEntropy(
            states.view(-1, config.EmbeddingSize),
            [.. Enumerable.Range(0, Rows * Length).Select(i => (long)(i * 5 % config.VocabularySize))]);
        network.Backward(losses.mean());
        Tensor asked = network.HiddenAt(tokens, [0, 5, Length - 1, Length, Rows * Length - 1]);
        return new Figures(
            states.detach(), asked, network.Forward(tokens), losses.detach(),
            network.Parameters.ToDictionary(p => p.Key, p => p.Value.grad!));
    }

    // The difference's length as a share of the expected one's.
    private static void AssertClose(Tensor expected, Tensor actual, double tolerance, string what)
    {
        Tensor wide = expected.to(ScalarType.Float64), difference = wide - actual.to(ScalarType.Float64);
        Limit.AtMost(tolerance, ((difference * difference).sum() / (wide * wide).sum()).sqrt().item<double>(), what);
    }
}
