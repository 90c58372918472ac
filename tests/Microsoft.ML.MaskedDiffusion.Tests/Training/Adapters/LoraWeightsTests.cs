using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Adapters;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Adapters;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The factors of low-rank updates: their gradients, what they make of the weights, and what stays as it is.</summary>
[TestClass]
public sealed class LoraWeightsTests
{
    private static readonly TransformerConfig Config = new()
    { LayerCount = 2, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 24, VocabularySize = 12, ContextLength = 8 };

    private static readonly LanguageBlocks Blocks = new(24, 8, symbols: 4, seed: 1);

    private static LoraSettings Settings(int rank, params string[] targets)
    {
        LayerNaming naming = LayerNaming.Find(Config, null, targets)!;
        LinearLayer[] layers = naming.Select(targets);
        return new LoraSettings(rank, 2.5 * rank, layers, naming.TargetsOf(layers));
    }

    private static Tensor Loss(TransformerNetwork network)
    {
        var tokens = new TokenRows([1, 2, 12, 4, 12, 6, 7, 12], 8);
        using Tensor states = network.HiddenAt(tokens, [2, 4, 7]);
        return network.CrossEntropy(states, [3, 5, 8]).mean();
    }

    [TestMethod]
    [DataRow("all-linear")]
    [DataRow("q_proj", "v_proj", "down_proj")]
    [DataRow("lm_head")]
    public void GradientsAreThoseOfFiniteDifferences(params string[] targets)
    {
        using var network = new TransformerNetwork(Config, CPU, ScalarType.Float64, torchOperators: true);
        network.Initialize(3);
        using var weights = new LoraWeights(network, Settings(2, targets), seed: 5);
        var random = new Random(1);
        // Where B is zero, A has no gradient.
        foreach ((string name, Parameter parameter) in weights.Parameters)
        {
            using IDisposable noGradient = no_grad();
            double[] values = [.. Enumerable.Range(0, (int)parameter.numel()).Select(_ => random.NextDouble() - 0.5)];
            using Tensor draws = tensor(values, parameter.shape);
            parameter.copy_(draws);
        }
        weights.Apply();
        using (Tensor loss = Loss(network))
            network.Backward(loss);
        weights.GatherGradients();
        foreach ((string name, Parameter parameter) in weights.Parameters)
        {
            using Tensor flat = parameter.detach().view(-1), gradient = parameter.grad!.reshape(-1);
            double[] expected = gradient.data<double>().ToArray();
            for (int i = 0; i < expected.Length; i += 7)
            {
                const double Step = 1e-5;
                double slope = (LossAt(flat, i, Step) - LossAt(flat, i, -Step)) / (2 * Step);
                // The error of the difference is of the order of the step's square, that of its rounding 1e-16 / 1e-5.
                Assert.AreEqual(slope, expected[i], 1e-8, $"{name}, number {i}");
            }
        }

        double LossAt(Tensor flat, int i, double change)
        {
            using IDisposable noGradient = no_grad();
            using Tensor one = flat.narrow(0, i, 1), before = one.clone();
            one.Set(before.item<double>() + change);
            weights.Apply();
            using Tensor loss = Loss(network);
            one.copy_(before);
            weights.Apply();
            return loss.item<double>();
        }
    }

    [TestMethod]
    public void AtFirstTheNetworkIsAsItWas()
    {
        using var network = new TransformerNetwork(Config, CPU);
        network.Initialize(3);
        Dictionary<string, float[]> before = Weights(network);
        using var weights = new LoraWeights(network, Settings(4, "attention"), seed: 5);
        weights.Apply();
        foreach ((string name, float[] values) in Weights(network))
            CollectionAssert.AreEqual(before[name], values, name);
        foreach ((string name, Parameter parameter) in weights.Parameters)
        {
            float[] values = TensorMemory.FloatSpan(parameter).ToArray();
            if (name.EndsWith("lora_B.weight", StringComparison.Ordinal))
            {
                Assert.IsTrue(values.All(value => value == 0), name);
                continue;
            }
            // Uniform numbers within b have the variance b^2 / 3, here 1 / (3 x 16), and the mean of 64 squares is within half of it.
            Limit.AtMost(0.25f, values.Select(Math.Abs).Largest());
            Assert.AreEqual(1.0 / 48, values.Average(value => (double)value * value), 0.5 / 48, name);
        }
    }

    /// <summary>With as many columns as the layer has inputs, and the identity as A, B is any change of the weight.</summary>
    [TestMethod]
    public void AFullRankMakesAnyChange()
    {
        using var network = new TransformerNetwork(Config, CPU, ScalarType.Float64, torchOperators: true);
        network.Initialize(3);
        const string Layer = "transformer.h.1.attn.attn";
        using Tensor change = randn(48, 16, ScalarType.Float64, generator: new Generator(1));
        using Tensor original = network.Parameters[Layer + ".weight"].clone();
        using var weights = new LoraWeights(network, Settings(16, Layer), seed: 5);
        using (no_grad())
        {
            using Tensor identity = eye(16, dtype: ScalarType.Float64), b = change.Over(2.5);
            weights.Parameters[Layer + ".lora_A.weight"].copy_(identity);
            weights.Parameters[Layer + ".lora_B.weight"].copy_(b);
        }
        weights.Apply();
        using Tensor difference = (network.Parameters[Layer + ".weight"] - original - change).abs().max();
        // Three roundings of numbers below 8.
        Limit.Below(1e-14, difference.item<double>());
    }

    [TestMethod]
    [DataRow(Precision.Float32)]
    [DataRow(Precision.BFloat16Mixed)]
    public void OnlyAdaptedWeightsChange(Precision precision)
    {
        using var network = new TransformerNetwork(Config, CPU);
        network.Initialize(3);
        Dictionary<string, float[]> before = Weights(network);
        LoraSettings lora = Settings(2, "attn.proj", "w1");
        var settings = new TrainingSettings
        {
            MaxSteps = 5, BatchSize = 8, MicroBatchSize = 4, LearningRate = 0.01, WarmupSteps = 0, Lora = lora, Seed = 2,
            Precision = precision,
        };
        using (var loop = new TrainingLoop(network, new DiffusionObjective(Config), Blocks, null, settings))
            loop.Run(null, CancellationToken.None);
        HashSet<string> adapted = [.. lora.Layers.SelectMany(layer => layer.Rows).Select(rows => rows.Parameter)];
        Assert.HasCount(4, adapted);
        foreach ((string name, float[] values) in Weights(network))
        {
            Assert.AreEqual(!adapted.Contains(name), before[name].AsSpan().SequenceEqual(values), name);
            Assert.IsTrue(network.Parameters[name].requires_grad, "the network may be trained again");
            Assert.IsNull(network.Parameters[name].grad);
        }
    }

    [TestMethod]
    public void MicroBatchesAddUpToTheBatch()
    {
        float[][] trained = [.. new[] { 8, 2 }.Select(microBatch =>
        {
            using var network = new TransformerNetwork(Config, CPU);
            network.Initialize(3);
            var settings = new TrainingSettings
            {
                MaxSteps = 6, BatchSize = 8, MicroBatchSize = microBatch, LearningRate = 0.01, MinLearningRateRatio = 1, WarmupSteps = 0,
                Lora = Settings(2, "all-linear"), Seed = 2,
            };
            using var loop = new TrainingLoop(network, new DiffusionObjective(Config), Blocks, null, settings);
            loop.Run(null, CancellationToken.None);
            return Weights(network).Values.SelectMany(values => values).ToArray();
        })];
        // The gradient of another sum differs by rounding, which Adam's division by its own size turns into a share of the steps of 0.01.
        Limit.Below(1e-3f, trained[0].Zip(trained[1], (a, b) => Math.Abs(a - b)).Largest());
    }

    private static Dictionary<string, float[]> Weights(TransformerNetwork network) =>
        network.Parameters.ToDictionary(item => item.Key, item => TensorMemory.FloatSpan(item.Value).ToArray());
}
