using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Networks of all shapes: the kernels against torch's operators in 64 bits, and these against plain loops. The tolerances are rounding to
/// 32 bits in sums of a few dozen terms, over a few blocks.
/// </summary>
[TestClass]
public sealed class NetworkShapeTests
{
    [TestMethod]
    [DynamicData(nameof(NetworkShapes.Rows), typeof(NetworkShapes))]
    public void LogitsAreThoseOfThePlainImplementation(int shape, string name)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using TransformerNetwork network = NetworkShapes.Create(NetworkShapes.All[shape]), exact = NetworkShapes.Exact(network);
        TransformerConfig config = network.Config;
        var reference = new ReferenceNetwork(config, network.Parameters.ToDictionary(p => p.Key, p => Comparison.Numbers(p.Value)));
        int[][] rows = [TransformerNetworkTests.Tokens(1, 13, config), TransformerNetworkTests.Tokens(2, 13, config)];
        Tensor expected = tensor(rows.SelectMany(row => reference.Logits(row)).SelectMany(logits => logits).ToArray()).view(2, 13, -1);
        TokenRows tokens = TransformerNetworkTests.Batch(rows);
        AssertClose(expected, exact.Forward(tokens), 1e-6, name + " in 64 bits but for the tables of positions");
        AssertClose(expected, network.Forward(tokens), 1e-5, name);
    }

    [TestMethod]
    [DynamicData(nameof(NetworkShapes.Rows), typeof(NetworkShapes))]
    public void StatesLogitsLossAndGradientsAreTorchsInDoublePrecision(int shape, string name)
    {
        using TransformerNetwork network = NetworkShapes.Create(NetworkShapes.All[shape]), exact = NetworkShapes.Exact(network);
        const int Length = 23, Count = 5;
        TokenRows tokens = NetworkShapes.Tokens(network.Config, Count, Length);
        // Nothing is asked of the second row, the first two places of the third, all of the last.
        long[] places = [.. Enumerable.Range(0, Count * Length).Select(i => (long)i)
            .Where(i => i / Length is 0 or 3 ? i % 3 == 1 : i / Length == 2 ? i % Length < 2 : i / Length == 4)];
        foreach (long[]? asked in new[] { null, places })
        {
            using var scope = NewDisposeScope();
            string what = asked is null ? name : name + " at asked places";
            Figures expected = Compute(exact, tokens, asked), actual = Compute(network, tokens, asked);
            AssertClose(expected.States, actual.States, 1e-5, what + ": states");
            AssertClose(expected.Logits, actual.Logits, 1e-5, what + ": logits");
            AssertClose(expected.Losses, actual.Losses, 1e-5, what + ": losses");
            foreach ((string parameter, Tensor gradient) in expected.Gradients)
                AssertClose(gradient, actual.Gradients[parameter], 3e-5, $"{what}: gradient of {parameter}");
        }
    }

    [TestMethod]
    [DynamicData(nameof(NetworkShapes.Rows), typeof(NetworkShapes))]
    public void TheLossUnderHybridNoiseIsTorchsInDoublePrecision(int shape, string name)
    {
        using var scope = NewDisposeScope();
        using TransformerNetwork network = NetworkShapes.Create(NetworkShapes.All[shape]), exact = NetworkShapes.Exact(network);
        if (network.Config.Autoregressive || network.Config.HasLengthTokens)
            return;
        TokenRows tokens = NetworkShapes.Tokens(network.Config, 3, 11);
        long[] places = [2, 5, 11, 30, 32];
        // Two ids that are not the mask token, which has no prediction where it is one of the vocabulary.
        int[] ids = [.. Enumerable.Range(0, network.Config.VocabularySize).Where(id => id != network.Config.MaskTokenId).Take(2)];
        HybridTerm[] terms =
            [.. places.Select((_, i) => new HybridTerm(ids[i % 2], ids[(i + i / 2) % 2], 0.5 + i, 0.1 * i, i % 3 == 0 ? 0 : 0.4))];
        Figures expected = Compute(exact), actual = Compute(network);
        AssertClose(expected.Losses, actual.Losses, 1e-5, name + ": losses");
        foreach ((string parameter, Tensor gradient) in expected.Gradients)
            AssertClose(gradient, actual.Gradients[parameter], 3e-5, $"{name}: gradient of {parameter}");

        Figures Compute(TransformerNetwork of)
        {
            of.ZeroGradients();
            Tensor states = of.HiddenAt(tokens, places), losses = of.HybridLoss(states, terms);
            of.Backward(losses.mean());
            return new Figures(states.detach(), states.detach(), losses.detach(),
                of.Parameters.ToDictionary(item => item.Key, item => item.Value.grad!.clone()));
        }
    }

    [TestMethod]
    [DynamicData(nameof(NetworkShapes.Rows), typeof(NetworkShapes))]
    public void CheckpointedGradientsHaveTheSameBits(int shape, string name)
    {
        using TransformerNetwork network = NetworkShapes.Create(NetworkShapes.All[shape]);
        using TransformerNetwork composed = new(network.Config, CPU, torchOperators: true);
        composed.CopyFrom(network);
        TokenRows tokens = NetworkShapes.Tokens(network.Config, 4, 21);
        long[] places = [.. Enumerable.Range(0, 4 * 21).Where(i => i % 4 < 2).Select(i => (long)i)];
        foreach (Precision precision in Enum.GetValues<Precision>())
        {
            foreach (long[]? asked in new[] { null, places })
            {
                using var scope = NewDisposeScope();
                network.Precision = composed.Precision = precision;
                Figures whole = Compute(network, tokens, asked), other = Compute(composed, tokens, asked);
                network.ActivationCheckpointing = composed.ActivationCheckpointing = true;
                Figures again = Compute(network, tokens, asked), otherAgain = Compute(composed, tokens, asked);
                network.ActivationCheckpointing = composed.ActivationCheckpointing = false;
                foreach ((string parameter, Tensor gradient) in whole.Gradients)
                {
                    string what = $"{name}, {precision}: gradient of {parameter}";
                    CollectionAssert.AreEqual(Floats(gradient), Floats(again.Gradients[parameter]), what);
                    // The same operations, but for 32-bit sums in another order.
                    AssertClose(other.Gradients[parameter], otherAgain.Gradients[parameter], 2e-6, what + " of torch's operators");
                    // bfloat16 rounds to one part in 512. Its errors add up over the blocks, norms amplify them, and a gain's gradient is
                    // a small sum of large terms. A term that one backend lacked would show even so.
                    if (precision == Precision.BFloat16Mixed)
                        AssertClose(other.Gradients[parameter], gradient, 160.0 / 512, what + " of both backends");
                }
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(NetworkShapes.Rows), typeof(NetworkShapes))]
    public void LogProbabilitiesAreThoseOfTheLogits(int shape, string name)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using TransformerNetwork network = NetworkShapes.Create(NetworkShapes.All[shape]), exact = NetworkShapes.Exact(network);
        TransformerConfig config = network.Config;
        Tensor states = randn([9, config.EmbeddingSize], generator: new Generator(7));
        Tensor others = randn([9, config.EmbeddingSize], generator: new Generator(8));
        int[] rows = [3, 8, 0, 3, 5], targets = [.. rows.Select((_, i) => i * 5 % config.VocabularySize)];
        Tensor wide = states.to(ScalarType.Float64), wideOthers = others.to(ScalarType.Float64);
        foreach (double scale in new[] { 0, 0.7 })
        {
            Tensor logits = exact.Logits(wide);
            if (scale != 0)
                logits = exact.Logits(wideOthers).Plus((logits - exact.Logits(wideOthers)).Times(1 + scale));
            Tensor expected = logits.log_softmax(-1);
            foreach (TransformerNetwork of in new[] { network, exact })
            {
                var actual = new double[rows.Length];
                of.LogProbabilities(
                    of == exact ? wide : states, scale == 0 ? null : of == exact ? wideOthers : others, scale, rows, targets, actual);
                for (int i = 0; i < rows.Length; i++)
                    // Logits of up to a few dozen in 32 bits.
                    Assert.AreEqual(expected[rows[i], targets[i]].item<double>(), actual[i], 2e-5, $"{name}, query {i}");
            }
        }
    }

    [TestMethod]
    [DataRow(ScalarType.BFloat16)]
    [DataRow(ScalarType.Float16)]
    public void NarrowTypesComputeTheSameButForTheirRounding(ScalarType type)
    {
        foreach (TransformerConfig config in NetworkShapes.All.Where(config => !config.Name.StartsWith("drawn", StringComparison.Ordinal)))
        {
            using var scope = NewDisposeScope();
            using TransformerNetwork wide = NetworkShapes.Create(config), narrow = new(config, CPU, type, torchOperators: true);
            narrow.CopyFrom(wide);
            wide.CopyFrom(narrow);
            TokenRows tokens = NetworkShapes.Tokens(config, 3, 17);
            Figures expected = Compute(wide, tokens, null), actual = Compute(narrow, tokens, null);
            // One part in 512, or in 4096, which adds up over the residual stream and the blocks.
            double tolerance = type == ScalarType.BFloat16 ? 30.0 / 512 : 30.0 / 4096;
            AssertClose(expected.States, actual.States, tolerance, config.Name);
            AssertClose(expected.Logits, actual.Logits, tolerance, config.Name);
        }
    }

    private sealed record Figures(Tensor States, Tensor Logits, Tensor Losses, Dictionary<string, Tensor> Gradients);

    private static Figures Compute(TransformerNetwork network, TokenRows tokens, long[]? asked)
    {
        network.ZeroGradients();
        Tensor states = asked is null ? network.Hidden(tokens).view(-1, network.Config.EmbeddingSize) : network.HiddenAt(tokens, asked);
        long[] targets = [.. Enumerable.Range(0, (int)states.size(0)).Select(i => (long)(i * 5 % network.Config.VocabularySize))];
        Tensor losses = network.CrossEntropy(states, targets);
        network.Backward(losses.mean());
        return new Figures(
            states.detach(), network.Logits(states.detach()), losses.detach(),
            network.Parameters.ToDictionary(p => p.Key, p => p.Value.grad!.clone()));
    }

    private static float[] Floats(Tensor values) => values.detach().contiguous().data<float>().ToArray();

    // The difference's length as a share of the expected one's.
    private static void AssertClose(Tensor expected, Tensor actual, double tolerance, string what)
    {
        Tensor wide = expected.to(ScalarType.Float64), difference = wide - actual.to(ScalarType.Float64);
        double size = (wide * wide).sum().sqrt().item<double>(), off = (difference * difference).sum().sqrt().item<double>();
        Limit.AtMost(tolerance * size + 1e-9, off, $"{what}, of length {size}");
    }
}
