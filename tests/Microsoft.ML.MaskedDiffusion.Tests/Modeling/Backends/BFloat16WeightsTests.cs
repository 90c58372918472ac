using Microsoft.ML.MaskedDiffusion.Modeling;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// A network that holds its matrices in bfloat16 computes, on the processor, the bits of a network that holds the same numbers in 32 bits.
/// </summary>
[TestClass]
public sealed class BFloat16WeightsTests
{
    [TestMethod]
    [DynamicData(nameof(NetworkShapes.Rows), typeof(NetworkShapes))]
    public void ResultsHaveTheBitsOfTheSameNumbersIn32Bits(int shape, string name)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        TransformerConfig config = NetworkShapes.All[shape];
        using TransformerNetwork wide = NetworkShapes.Create(config), narrow = new(config, CPU, ScalarType.BFloat16);
        narrow.CopyFrom(wide);
        wide.CopyFrom(narrow);
        AssertSameResults(wide, narrow, name);
    }

    /// <summary>Holds two networks' states, logits, likelihoods and sessions to the same bits.</summary>
    internal static void AssertSameResults(TransformerNetwork wide, TransformerNetwork narrow, string name)
    {
        TransformerConfig config = wide.Config;
        // 2,240 tokens: more than go through the blocks together.
        foreach ((int rows, int length) in new[] { (1, 5), (3, 17), (70, 32) })
        {
            TokenRows tokens = NetworkShapes.Tokens(config, rows, length);
            AssertSame(wide.Hidden(tokens), narrow.Hidden(tokens), name);
            long[] places = [.. Enumerable.Range(0, rows * length).Where(place => place % 3 != 1).Select(place => (long)place)];
            AssertSame(wide.HiddenAt(tokens, places), narrow.HiddenAt(tokens, places), name);
        }
        Tensor states = randn([9, config.EmbeddingSize], generator: new Generator(7));
        Tensor others = randn([9, config.EmbeddingSize], generator: new Generator(8));
        AssertSame(wide.Logits(states), narrow.Logits(states), name);
        int[] asked = [3, 8, 0, 3, 5], targets = [.. asked.Select((_, i) => i * 5 % config.TextVocabularySize)];
        foreach (Tensor? unconditional in new[] { null, others })
        {
            double[] expected = new double[asked.Length], actual = new double[asked.Length];
            wide.LogProbabilities(states, unconditional, 0.7, asked, targets, expected);
            narrow.LogProbabilities(states, unconditional, 0.7, asked, targets, actual);
            CollectionAssert.AreEqual(expected, actual, name);
        }
        foreach ((float[] expected, float[] actual) in TorchSessionTests.Ask(wide).Zip(TorchSessionTests.Ask(narrow)))
            CollectionAssert.AreEqual(expected, actual, name);
    }

    [TestMethod]
    public void GainsAndBiasesKeepTheir32Bits()
    {
        TransformerConfig config = NetworkShapes.All.Single(one => one.Name == "like ModernBERT") with { HasAttentionBias = true };
        using TransformerNetwork wide = NetworkShapes.Create(config), narrow = new(config, CPU, ScalarType.BFloat16);
        narrow.CopyFrom(wide);
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in narrow.Parameters)
        {
            Assert.AreEqual(parameter.dim() > 1 ? ScalarType.BFloat16 : ScalarType.Float32, parameter.dtype, name);
            Assert.IsFalse(parameter.requires_grad, name);
            if (parameter.dim() == 1)
                CollectionAssert.AreEqual(Floats(wide.Parameters[name]), Floats(parameter), name);
        }
    }

    [TestMethod]
    public void NothingIsRecordedForABackwardPass()
    {
        TransformerConfig config = TransformerNetworkTests.Small;
        using var network = new TransformerNetwork(config, CPU, ScalarType.BFloat16);
        using var scope = NewDisposeScope();
        Assert.IsFalse(network.Parameters.Values.Any(parameter => parameter.requires_grad));
        Assert.IsFalse(network.Hidden(new TokenRows(new long[8], 8)).requires_grad);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => network.Precision = Precision.BFloat16Mixed);
    }

    private static void AssertSame(Tensor expected, Tensor actual, string name) =>
        CollectionAssert.AreEqual(Floats(expected), Floats(actual), name);

    private static float[] Floats(Tensor values) => values.detach().contiguous().data<float>().ToArray();
}
