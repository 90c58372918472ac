using Microsoft.ML.MaskedDiffusion.Modeling;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What activation checkpointing and mixed precision change in a step's result, and what they do not.</summary>
[TestClass]
public sealed class TrainingMemoryTests
{
    private static readonly TransformerConfig Config = TransformerNetworkTests.Small with { LayerCount = 3 };

    [TestMethod]
    [DataRow(false, Precision.Float32)]
    [DataRow(true, Precision.Float32)]
    [DataRow(false, Precision.BFloat16Mixed)]
    [DataRow(true, Precision.BFloat16Mixed)]
    public void CheckpointedGradientsHaveTheSameBits(bool autoregressive, Precision precision)
    {
        TransformerConfig config = Config with { Autoregressive = autoregressive };
        // The last has more rows than a slice of the vocabulary loss.
        foreach ((int batch, int length) in new[] { (1, 1), (3, 7), (20, 32) })
        {
            Outcome whole = Run(config, batch, length, network => network.Precision = precision);
            AssertSame(
                whole, Run(config, batch, length, network => (network.Precision, network.ActivationCheckpointing) = (precision, true)));
        }
    }

    [TestMethod]
    [DataRow(Precision.Float32)]
    [DataRow(Precision.BFloat16Mixed)]
    public void CheckpointedGradientsHaveTheSameBitsWhereLibtorchComputesLargeProducts(Precision precision)
    {
        // 640 rows of 600 logits: a slice of the vocabulary loss is large enough for libtorch's bfloat16 products, the rest of them is not.
        TransformerConfig config = Config with { LayerCount = 1, EmbeddingSize = 64, VocabularySize = 600 };
        AssertSame(
            Run(config, 20, 32, network => network.Precision = precision),
            Run(config, 20, 32, network => (network.Precision, network.ActivationCheckpointing) = (precision, true)));
    }

    [TestMethod]
    public void FrozenParametersStayWithoutAGradient()
    {
        foreach (bool torchOperators in new[] { false, true })
        {
            static void Freeze(TransformerNetwork network)
            {
                string[] names = ["transformer.wte.weight", "transformer.h.0.norm_1.weight", "transformer.h.1.attn.attn.weight"];
                foreach (string name in names)
                    network.Parameters[name].requires_grad = false;
            }
            Outcome whole = Run(Config, 2, 9, Freeze, torchOperators);
            Outcome again = Run(Config, 2, 9, network => { Freeze(network); network.ActivationCheckpointing = true; }, torchOperators);
            Assert.HasCount(whole.Gradients.Count, again.Gradients);
            Assert.IsFalse(again.Gradients.ContainsKey("transformer.wte.weight"));
            // 1e-6: torch adds up the same 32-bit terms in another order.
            AssertClose(whole, again, 1e-6, torchOperators ? "torch backend" : "kernels");
        }
    }

    [TestMethod]
    [DataRow(Precision.Float32)]
    [DataRow(Precision.BFloat16Mixed)]
    public void TheTorchBackendCanBeCheckpointedToo(Precision precision)
    {
        Outcome whole = Run(Config, 3, 9, network => network.Precision = precision, torchOperators: true);
        Outcome again =
            Run(Config, 3, 9, network => (network.Precision, network.ActivationCheckpointing) = (precision, true), torchOperators: true);
        AssertClose(whole, again, 1e-6, "torch backend"); // the same operations; 32-bit rounding where torch sums in another order
    }

    [TestMethod]
    [DataRow(Precision.Float32, false)]
    [DataRow(Precision.BFloat16Mixed, false)]
    [DataRow(Precision.Float32, true)]
    public void AskedPlacesHaveTheSameGradientsWithAndWithoutCheckpointing(Precision precision, bool torchOperators)
    {
        long[] places = [.. Enumerable.Range(0, 8 * 24).Where(i => i % 5 < 2 && i / 24 != 3).Select(i => (long)i)];
        Outcome whole = Run(Config, 8, 24, network => network.Precision = precision, torchOperators, places: places);
        Outcome again = Run(
            Config, 8, 24, network => (network.Precision, network.ActivationCheckpointing) = (precision, true), torchOperators,
            places: places);
        AssertSame(whole, again);
        // bfloat16 rounds to one part in 512, of which a few add up over the layers.
        Outcome exact = Run(Config, 8, 24, _ => { }, torchOperators: true, type: ScalarType.Float64, places: places);
        AssertClose(exact, whole, precision == Precision.Float32 ? 1e-5 : 8.0 / 512, "asked places");
    }

    [TestMethod]
    public void OtherTypesCanBeCheckpointedButNotMixed()
    {
        using var network = new TransformerNetwork(Config, CPU, ScalarType.Float64);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => network.Precision = Precision.BFloat16Mixed);
        network.Precision = Precision.Float32;
        Outcome whole = Run(Config, 2, 5, _ => { }, type: ScalarType.Float64);
        Outcome again = Run(Config, 2, 5, n => n.ActivationCheckpointing = true, type: ScalarType.Float64);
        AssertClose(whole, again, 1e-12, "64 bits");
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void MixedGradientsAreThoseOf32BitsWithinRounding(bool torchOperators)
    {
        Outcome exact = Run(Config, 8, 24, _ => { });
        Outcome mixed = Run(Config, 8, 24, network => network.Precision = Precision.BFloat16Mixed, torchOperators);
        // bfloat16 rounds to one part in 512. The errors of a product's many operands partly cancel, those of the layers add up: a few
        // roundings' worth in all.
        AssertClose(exact, mixed, 8.0 / 512, "mixed");
        double apart = exact.Gradients.Select(one => Distance(one.Value, mixed.Gradients[one.Key])).Largest();
        Assert.IsGreaterThan(1e-4, apart, "nothing seems to be rounded");
    }

    [TestMethod]
    public void KernelsAndTorchBackendRoundTheSameOperands()
    {
        Outcome kernels = Run(Config, 8, 24, network => network.Precision = Precision.BFloat16Mixed);
        Outcome composed = Run(Config, 8, 24, network => network.Precision = Precision.BFloat16Mixed, torchOperators: true);
        // Torch's products round their results as well, ours only those that are kept.
        AssertClose(kernels, composed, 8.0 / 512, "mixed");
    }

    [TestMethod]
    public void AMixedRowHasTheSameBitsAloneAndInEveryBatch()
    {
        using var scope = NewDisposeScope();
        using TransformerNetwork network = TransformerNetworkTests.Sharp(Config, ScalarType.Float32);
        network.Precision = Precision.BFloat16Mixed;
        int[][] rows = [.. Enumerable.Range(0, 40).Select(i => TransformerNetworkTests.Tokens((ulong)i, 11, Config))];
        float[] recorded = Floats(network.Hidden(TransformerNetworkTests.Batch(rows)));
        using IDisposable noGradient = no_grad();
        float[] all = Floats(network.Hidden(TransformerNetworkTests.Batch(rows)));
        CollectionAssert.AreEqual(recorded, all, "recorded and not");
        int each = all.Length / rows.Length;
        foreach ((int first, int count) in new[] { (0, 1), (39, 1), (3, 2), (5, 31) })
            CollectionAssert.AreEqual(
                all[(first * each)..((first + count) * each)],
                Floats(network.Hidden(TransformerNetworkTests.Batch(rows[first..(first + count)]))), $"{count} rows from {first}");
    }

    [TestMethod]
    public void ChangingThePrecisionBetweenThePassesIsRefused()
    {
        using var scope = NewDisposeScope();
        using TransformerNetwork network = TransformerNetworkTests.Sharp(Config, ScalarType.Float32);
        Tensor loss = network.Hidden(TransformerNetworkTests.Batch([TransformerNetworkTests.Tokens(1, 5, Config)])).sum();
        network.Precision = Precision.BFloat16Mixed;
        Assert.ThrowsExactly<InvalidOperationException>(() => network.Backward(loss));
    }

    private sealed record Outcome(float Loss, Dictionary<string, float[]> Gradients);

    private static Outcome Run(
        TransformerConfig config, int batch, int length, Action<TransformerNetwork> change, bool torchOperators = false,
        ScalarType type = ScalarType.Float32, long[]? places = null)
    {
        using var scope = NewDisposeScope();
        using var network = new TransformerNetwork(config, CPU, type, torchOperators);
        network.Initialize(3);
        change(network);
        int[][] rows = [.. Enumerable.Range(0, batch).Select(i => TransformerNetworkTests.Tokens((ulong)i, length, config))];
        TokenRows tokens = TransformerNetworkTests.Batch(rows);
        Tensor states = places is null ? network.Hidden(tokens).view(-1, config.EmbeddingSize) : network.HiddenAt(tokens, places);
        long[] targets = [.. Enumerable.Range(0, (int)states.size(0)).Select(i => (long)(i * 5 % config.VocabularySize))];
        Tensor loss = network.CrossEntropy(states, targets).mean();
        network.Backward(loss);
        return new Outcome(
            loss.to(ScalarType.Float32).item<float>(),
            network.Parameters.Where(p => p.Value.grad is not null).ToDictionary(
                p => p.Key, p => Floats(p.Value.grad!.to(ScalarType.Float32))));
    }

    private static void AssertSame(Outcome expected, Outcome actual)
    {
        Assert.AreEqual(expected.Loss, actual.Loss);
        Assert.HasCount(expected.Gradients.Count, actual.Gradients);
        foreach ((string name, float[] gradient) in expected.Gradients)
            CollectionAssert.AreEqual(gradient, actual.Gradients[name], name);
    }

    private static void AssertClose(Outcome expected, Outcome actual, double tolerance, string what)
    {
        Assert.AreEqual(expected.Loss, actual.Loss, tolerance * expected.Loss);
        foreach ((string name, float[] gradient) in expected.Gradients)
            Limit.AtMost(tolerance, Distance(gradient, actual.Gradients[name]), $"{what}: {name}");
    }

    // The difference's length as a share of the gradient's.
    private static double Distance(float[] expected, float[] actual) =>
        Math.Sqrt(expected.Zip(actual, (a, b) => ((double)a - b) * ((double)a - b)).Sum() / expected.Sum(a => (double)a * a));

    private static float[] Floats(Tensor values) => values.detach().to(ScalarType.Float32).contiguous().data<float>().ToArray();
}
