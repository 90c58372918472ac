using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class TransformerNetworkTests
{
    internal static readonly TransformerConfig Small = new()
    {
        LayerCount = 2,
        HeadCount = 2,
        EmbeddingSize = 24,
        FeedForwardSize = 40,
        VocabularySize = 19,
        ContextLength = 32,
    };

    private static readonly TransformerConfig Tiny =
        Small with { EmbeddingSize = 6, HeadCount = 1, FeedForwardSize = 3, VocabularySize = 2 };

    [TestMethod]
    [DataRow(false, RotaryPrecision.Float32)]
    [DataRow(false, RotaryPrecision.BFloat16)]
    [DataRow(true, RotaryPrecision.Float32)]
    public void LogitsAreThoseOfThePlainImplementation(bool autoregressive, RotaryPrecision precision)
    {
        TransformerConfig config = Small with { Autoregressive = autoregressive, RotaryPrecision = precision };
        // 32-bit rounding, amplified by sharp weights; in 64 bits the rotary table stays 32-bit.
        foreach ((ScalarType type, double tolerance) in new[] { (ScalarType.Float32, 5e-5), (ScalarType.Float64, 1e-5) })
        {
            using var scope = NewDisposeScope();
            using IDisposable noGradient = no_grad();
            using TransformerNetwork network = Sharp(config, type);
            var reference = new ReferenceNetwork(config, Weights(network));
            int[][] rows = [Tokens(1, 13, config), Tokens(2, 13, config), Tokens(3, 13, config)];
            using Tensor logits = network.Forward(Batch(rows)).to(ScalarType.Float64);
            for (int row = 0; row < rows.Length; row++)
            {
                double[][] expected = reference.Logits(rows[row]);
                for (int i = 0; i < expected.Length; i++)
                    for (int j = 0; j < config.VocabularySize; j++)
                        Assert.AreEqual(expected[i][j], logits[row, i, j].item<double>(), tolerance * (1 + Math.Abs(expected[i][j])));
            }
        }
    }

    [TestMethod]
    public void ParametersAreSmdmsInOrderAndNumber()
    {
        using var network = new TransformerNetwork(Small, CPU);
        string[] block = ["norm_1", "attn.attn", "attn.proj", "norm_2", "mlp.swiglu.w1", "mlp.swiglu.w2", "mlp.swiglu.w3"];
        string[] blocks = [.. Enumerable.Range(0, 2).SelectMany(l => block.Select(b => $"transformer.h.{l}.{b}.weight"))];
        string[] names = ["lm_head.weight", "transformer.wte.weight", .. blocks, "transformer.ln_f.weight"];
        CollectionAssert.AreEqual(names, network.Parameters.Keys.ToArray());
        Assert.AreEqual(Small.ParameterCount, network.Parameters.Values.Sum(p => p.NumberOfElements));
    }

    [TestMethod]
    public void InitialisationHasSmdmsDeviationsAndDependsOnTheSeedOnly()
    {
        using var scope = NewDisposeScope();
        TransformerConfig config = Small with { EmbeddingSize = 64, FeedForwardSize = 128 };
        using TransformerNetwork a = new(config, CPU), b = new(config, CPU), c = new(config, CPU);
        a.Initialize(7);
        b.Initialize(7);
        c.Initialize(8);
        foreach ((string name, Parameter parameter) in a.Parameters)
        {
            float[] values = parameter.data<float>().ToArray();
            CollectionAssert.AreEqual(values, b.Parameters[name].data<float>().ToArray());
            if (parameter.dim() == 1)
            {
                Assert.IsTrue(values.All(v => v == 1));
                continue;
            }
            CollectionAssert.AreNotEqual(values, c.Parameters[name].data<float>().ToArray());
            double expected = name.Contains("proj") || name.Contains("w3") ? 1 / (Math.Sqrt(64) * 2) : Math.Sqrt(2 / (5.0 * 64));
            double deviation = Math.Sqrt(values.Average(v => (double)v * v));
            Assert.AreEqual(expected, deviation, 5 * expected / Math.Sqrt(2.0 * values.Length)); // five standard errors
        }
    }

    [TestMethod]
    public void ARowHasTheSameBitsAloneAndInEveryBatch()
    {
        foreach (TransformerConfig config in new[] { Small, Small with { Autoregressive = true }, Tiny })
        {
            using var scope = NewDisposeScope();
            using IDisposable noGradient = no_grad();
            using TransformerNetwork network = Sharp(config, ScalarType.Float32);
            foreach (int length in new[] { 1, 5, 32 })
            {
                int[][] rows = [.. Enumerable.Range(0, 70).Select(i => Tokens((ulong)i, length, config))];
                float[] all = Floats(network.Forward(Batch(rows)));
                int each = all.Length / rows.Length;
                foreach ((int first, int count) in new[] { (0, 1), (69, 1), (3, 2), (10, 31), (5, 65) })
                {
                    float[] some = Floats(network.Forward(Batch(rows[first..(first + count)])));
                    float[] expected = all[(first * each)..((first + count) * each)];
                    CollectionAssert.AreEqual(expected, some, $"{count} rows from {first}, length {length}");
                }
            }
        }
    }

    [TestMethod]
    public void StatesAtSomePlacesHaveTheBitsTheyHaveAmongAll()
    {
        TransformerConfig[] shapes = [Small, Small with { Autoregressive = true }, Small with { LayerCount = 1 }, Tiny];
        IEnumerable<(TransformerConfig, Precision)> cases = shapes.Select(shape => (shape, Precision.Float32));
        foreach ((TransformerConfig config, Precision precision) in cases.Append((Small, Precision.BFloat16Mixed)))
        {
            using var scope = NewDisposeScope();
            using IDisposable noGradient = no_grad();
            using TransformerNetwork network = Sharp(config, ScalarType.Float32), wide = new(config, CPU, ScalarType.Float64);
            wide.CopyFrom(network);
            network.Precision = precision;
            foreach (int length in new[] { 1, 5, 32 })
            {
                // 2,240 tokens at length 32: more than go through the blocks together.
                TokenRows tokens = Batch([.. Enumerable.Range(0, 70).Select(i => Tokens((ulong)i, length, config))]);
                Tensor all = network.Hidden(tokens).view(-1, config.EmbeddingSize);
                long end = 70L * length;
                long[] every = [.. Enumerable.Range(0, (int)end).Select(i => (long)i)];
                long[][] choices = [[], [0], [end - 1], every, [.. every.Where(i => i % 7 == 3 && i / length != 4)]];
                foreach (long[] places in choices)
                {
                    Tensor some = network.HiddenAt(tokens, places);
                    CollectionAssert.AreEqual(new long[] { places.Length, config.EmbeddingSize }, some.shape);
                    if (places.Length == 0)
                        continue;
                    float[] expected = Floats(all.index_select(0, tensor(places)));
                    CollectionAssert.AreEqual(expected, Floats(some), $"{places.Length} places, length {length}");
                    Tensor exact = wide.Hidden(tokens).view(-1, config.EmbeddingSize).index_select(0, tensor(places));
                    // Torch's products of other shapes round in other places.
                    Assert.AreEqual(0, (exact - wide.HiddenAt(tokens, places)).abs().max().item<double>(), 1e-9);
                }
            }
        }
    }

    [TestMethod]
    public void PlacesOutsideTheBatchOrOutOfOrderAreRefused()
    {
        using var scope = NewDisposeScope();
        using var network = new TransformerNetwork(Small, CPU);
        TokenRows tokens = Batch([Tokens(1, 4, Small), Tokens(2, 4, Small)]);
        foreach (long[] places in new long[][] { [8], [-1], [2, 1], [3, 3] })
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => network.HiddenAt(tokens, places));
    }

    [TestMethod]
    public void TheRecordedForwardPassHasTheBitsOfInference()
    {
        using var scope = NewDisposeScope();
        using TransformerNetwork network = Sharp(Small, ScalarType.Float32);
        foreach (Precision precision in Enum.GetValues<Precision>())
        {
            network.Precision = precision;
            TokenRows tokens = Batch([Tokens(1, 9, Small), Tokens(2, 9, Small)]);
            float[] recorded = Floats(network.Hidden(tokens));
            using IDisposable noGradient = no_grad();
            CollectionAssert.AreEqual(recorded, Floats(network.Hidden(tokens)));
        }
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void GradientsAreFiniteDifferencesInDoublePrecision(bool autoregressive)
    {
        using var scope = NewDisposeScope();
        TransformerConfig config = Small with { Autoregressive = autoregressive };
        using TransformerNetwork network = Sharp(config, ScalarType.Float64);
        TokenRows tokens = Batch([Tokens(1, 7, config), Tokens(2, 7, config)]);
        long[] targets = Targets(14, config);
        Loss(network, tokens, targets).backward();
        const double Step = 1e-5; // central differences: error about 1e-10 of the third derivative and 1e-11 of rounding
        var random = new CounterRandom(5, 5, RandomPurpose.Example);
        foreach ((string name, Parameter parameter) in network.Parameters)
        {
            Tensor gradient = parameter.grad!;
            for (int trial = 0; trial < 4; trial++)
            {
                using IDisposable noGradient = no_grad();
                long at = random.NextInt32((int)parameter.NumberOfElements);
                Tensor place = parameter.view(-1).narrow(0, at, 1);
                double value = place.item<double>();
                place.Set(value + Step);
                double high = Loss(network, tokens, targets).item<double>();
                place.Set(value - Step);
                double low = Loss(network, tokens, targets).item<double>();
                place.Set(value);
                double slope = (high - low) / (2 * Step);
                Assert.AreEqual(slope, gradient.view(-1)[at].item<double>(), 1e-7 * (1 + Math.Abs(slope)), name);
            }
        }
    }

    [TestMethod]
    [DataRow(false, 7, 2)]
    [DataRow(true, 7, 2)]
    [DataRow(false, 32, 9)]
    public void TheKernelsGradientsAreTorchsOwn(bool autoregressive, int length, int batch)
    {
        using var scope = NewDisposeScope();
        TransformerConfig config = Small with { Autoregressive = autoregressive };
        using TransformerNetwork network = Sharp(config, ScalarType.Float32), exact = new(config, CPU, ScalarType.Float64);
        exact.CopyFrom(network);
        TokenRows tokens = Batch([.. Enumerable.Range(0, batch).Select(i => Tokens((ulong)i, length, config))]);
        long[] targets = Targets(batch * length, config);
        Tensor loss = Loss(network, tokens, targets), exactLoss = Loss(exact, tokens, targets);
        Assert.AreEqual(exactLoss.item<double>(), loss.item<float>(), 2e-6 * exactLoss.item<double>());
        loss.backward();
        exactLoss.backward();
        foreach ((string name, Parameter parameter) in exact.Parameters)
        {
            Tensor expected = parameter.grad!, actual = network.Parameters[name].grad!.to(ScalarType.Float64);
            double size = expected.abs().max().item<double>();
            // 32-bit rounding, amplified by sharp weights.
            Assert.AreEqual(0, (expected - actual).abs().max().item<double>() / size, 5e-5, name);
        }
    }

    [TestMethod]
    [DataRow(false, 7, 3)]
    [DataRow(true, 7, 3)]
    [DataRow(false, 32, 9)]
    [DataRow(true, 32, 9)]
    public void TheGradientsOfAskedPlacesAreThoseOfAllStatesInDoublePrecision(bool autoregressive, int length, int batch)
    {
        foreach (TransformerConfig shape in new[] { Small, Small with { LayerCount = 1 } })
        {
            using var scope = NewDisposeScope();
            TransformerConfig config = shape with { Autoregressive = autoregressive };
            using TransformerNetwork network = Sharp(config, ScalarType.Float32), exact = new(config, CPU, ScalarType.Float64);
            exact.CopyFrom(network);
            TokenRows tokens = Batch([.. Enumerable.Range(0, batch).Select(i => Tokens((ulong)i, length, config))]);
            // Nothing is asked of the second row, and all of the last one.
            long end = (long)batch * length;
            long[] places = [.. Enumerable.Range(0, (int)end).Select(i => (long)i)
                .Where(i => i / length != 1 && (i % 3 == 1 || i >= end - length))];
            long[] targets = Targets(places.Length, config);
            Tensor loss = network.CrossEntropy(network.HiddenAt(tokens, places), targets).mean();
            Tensor states = exact.Hidden(tokens).view(-1, config.EmbeddingSize).index_select(0, tensor(places));
            Tensor exactLoss = exact.CrossEntropy(states, targets).mean();
            Assert.AreEqual(exactLoss.item<double>(), loss.item<float>(), 2e-6 * exactLoss.item<double>());
            network.Backward(loss);
            exact.Backward(exactLoss);
            foreach ((string name, Parameter parameter) in exact.Parameters)
            {
                Tensor expected = parameter.grad!, actual = network.Parameters[name].grad!.to(ScalarType.Float64);
                double size = expected.abs().max().item<double>();
                // 32-bit rounding, amplified by sharp weights.
                Assert.AreEqual(0, (expected - actual).abs().max().item<double>() / size, 5e-5, name);
            }
            Assert.ThrowsExactly<InvalidOperationException>(() => network.Backward(loss), "the tape has been used");
        }
    }

    [TestMethod]
    public void GradientsAddUpAndFrozenParametersGetNone()
    {
        using var scope = NewDisposeScope();
        using TransformerNetwork network = Sharp(Small, ScalarType.Float32);
        network.Parameters["transformer.h.0.norm_1.weight"].requires_grad = false;
        network.Parameters["transformer.h.1.mlp.swiglu.w2.weight"].requires_grad = false;
        TokenRows tokens = Batch([Tokens(1, 7, Small)]);
        long[] targets = Targets(7, Small);
        Loss(network, tokens, targets).backward();
        Dictionary<string, float[]> once =
            network.Parameters.Where(p => p.Value.grad is not null).ToDictionary(p => p.Key, p => Floats(p.Value.grad!));
        Assert.AreEqual(network.Parameters.Count - 2, once.Count);
        Loss(network, tokens, targets).backward();
        foreach ((string name, float[] gradient) in once)
        {
            float[] twice = Floats(network.Parameters[name].grad!);
            float scale = gradient.Max(MathF.Abs);
            for (int i = 0; i < gradient.Length; i++)
                Assert.AreEqual(2 * gradient[i], twice[i], 1e-5 * scale, name);
        }
        network.ZeroGradients();
        Assert.IsTrue(network.Parameters.Values.All(p => p.grad is null || p.grad.abs().max().item<float>() == 0));
    }

    [TestMethod]
    public void ManyThreadsGetTheSameBits()
    {
        using TransformerNetwork network = Sharp(Small, ScalarType.Float32);
        int[][] rows = [.. Enumerable.Range(0, 8).Select(i => Tokens((ulong)i, 20, Small))];
        float[] Run(int[] row)
        {
            using var scope = NewDisposeScope();
            using IDisposable noGradient = no_grad();
            return Floats(network.Forward(Batch([row])));
        }
        float[][] alone = [.. rows.Select(Run)];
        Parallel.For(0, 64, i => CollectionAssert.AreEqual(alone[i % 8], Run(rows[i % 8])));
    }

    [TestMethod]
    [DoNotParallelize]
    public void TrainingStepsLeaveNoTensorsBehind()
    {
        using TransformerNetwork network = Sharp(Small, ScalarType.Float32);
        void Step()
        {
            using var scope = NewDisposeScope();
            Loss(network, Batch([Tokens(1, 7, Small)]), Targets(7, Small)).backward();
        }
        Step();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = Tensor.TotalCount;
        for (int i = 0; i < 20; i++)
            Step();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.AreEqual(before, Tensor.TotalCount);
    }

    [TestMethod]
    public void BadTokensAreRefusedBeforeAnythingIsComputed()
    {
        using var scope = NewDisposeScope();
        using var network = new TransformerNetwork(Small, CPU);
        Assert.ThrowsExactly<ArgumentException>(() => new TokenRows(new long[3], 2));
        Assert.ThrowsExactly<ArgumentException>(() => new TokenRows([], 3));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new TokenRows([], 0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => network.Hidden(new TokenRows(new long[33], 33)));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => network.HiddenAt(new TokenRows(new long[33], 33), []));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => network.Hidden(Batch([[1, 20, 2]])));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => network.Hidden(Batch([[1, -1, 2]])));
        Assert.ThrowsExactly<ArgumentException>(() => network.Logits(zeros(3, 23)));
        network.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => network.Hidden(Batch([[1, 2, 3]])));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void StatesAndTargetsThatDoNotFitAreRefused(bool torchOperators)
    {
        using var scope = NewDisposeScope();
        using var network = new TransformerNetwork(Small, CPU, torchOperators: torchOperators);
        Assert.ThrowsExactly<ArgumentException>(() => network.CrossEntropy(zeros(2, 23), new long[2]));
        Assert.ThrowsExactly<ArgumentException>(() => network.CrossEntropy(zeros(2, 3, 24), new long[2]));
        Assert.ThrowsExactly<ArgumentException>(() => network.CrossEntropy(zeros(2, 24), new long[3]));
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => network.CrossEntropy(zeros(2, 24), [0, 19]));
        StringAssert.Contains(error.Message, "index 1");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => network.CrossEntropy(zeros(1, 24), [-1]));
        Assert.AreEqual(0, network.CrossEntropy(zeros(0, 24), []).NumberOfElements);
    }

    /// <summary>A network whose outputs differ clearly: initial deviations times five.</summary>
    internal static TransformerNetwork Sharp(TransformerConfig config, ScalarType type)
    {
        var network = new TransformerNetwork(config, CPU, type);
        network.Initialize(3);
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        foreach (Parameter parameter in network.Parameters.Values)
            if (parameter.dim() == 2)
                parameter.Scale(5);
        return network;
    }

    internal static int[] Tokens(ulong stream, int length, TransformerConfig config)
    {
        var random = new CounterRandom(11, stream, RandomPurpose.Example);
        return [.. Enumerable.Range(0, length).Select(_ => random.NextInt32(config.EmbeddingRowCount))];
    }

    internal static TokenRows Batch(int[][] rows) => new([.. rows.SelectMany(row => row.Select(t => (long)t))], rows[0].Length);

    private static long[] Targets(int count, TransformerConfig config)
    {
        var random = new CounterRandom(12, 1, RandomPurpose.Example);
        return [.. Enumerable.Range(0, count).Select(_ => (long)random.NextInt32(config.VocabularySize))];
    }

    private static Tensor Loss(TransformerNetwork network, TokenRows tokens, long[] targets) =>
        network.CrossEntropy(network.Hidden(tokens).view(-1, network.Config.EmbeddingSize), targets).mean();

    private static float[] Floats(Tensor values) => values.detach().contiguous().data<float>().ToArray();

    private static Dictionary<string, double[]> Weights(TransformerNetwork network) =>
        network.Parameters.ToDictionary(p => p.Key, p => p.Value.detach().to(ScalarType.Float64).data<double>().ToArray());
}
