using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// A network that holds its matrices in 8 bits computes, on the processor, the bits of a network of 32-bit floats that are the products of
/// its integers and their rows' scales.
/// </summary>
[TestClass]
public sealed class Int8WeightsTests
{
    [TestMethod]
    [DynamicData(nameof(NetworkShapes.Rows), typeof(NetworkShapes))]
    public void ResultsHaveTheBitsOfTheSameNumbersIn32Bits(int shape, string name)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        TransformerConfig config = NetworkShapes.All[shape];
        using TransformerNetwork wide = NetworkShapes.Create(config), narrow = new(config, CPU, ScalarType.Int8);
        narrow.CopyFrom(wide);
        SetToProducts(wide, narrow);
        BFloat16WeightsTests.AssertSameResults(wide, narrow, name);
    }

    [TestMethod]
    [DynamicData(nameof(NetworkShapes.Rows), typeof(NetworkShapes))]
    public void TorchsOperatorsWidenTheMatricesThatTheyUse(int shape, string name)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        TransformerConfig config = NetworkShapes.All[shape];
        using TransformerNetwork kernels = NetworkShapes.Create(config), wide = new(config, CPU, torchOperators: true);
        using TransformerNetwork narrow = new(config, CPU, ScalarType.Int8, torchOperators: true);
        narrow.CopyFrom(kernels);
        SetToProducts(wide, narrow);
        TokenRows tokens = NetworkShapes.Tokens(config, 3, 17);
        long[] places = [2, 19, 40];
        AssertSame(wide.Hidden(tokens), narrow.Hidden(tokens), name);
        AssertSame(wide.HiddenAt(tokens, places), narrow.HiddenAt(tokens, places), name);
        AssertSame(wide.Forward(tokens), narrow.Forward(tokens), name);
        foreach ((float[] expected, float[] actual) in TorchSessionTests.Ask(wide).Zip(TorchSessionTests.Ask(narrow)))
            CollectionAssert.AreEqual(expected, actual, name);
    }

    [TestMethod]
    public void GainsAndBiasesKeepTheir32Bits()
    {
        TransformerConfig config = NetworkShapes.All.Single(one => one.Name == "like ModernBERT") with { HasAttentionBias = true };
        foreach (bool torchOperators in new[] { false, true })
        {
            using TransformerNetwork wide = NetworkShapes.Create(config), narrow = new(config, CPU, ScalarType.Int8, torchOperators);
            narrow.CopyFrom(wide);
            foreach ((string name, TorchSharp.Modules.Parameter parameter) in narrow.Parameters)
            {
                Assert.AreEqual(parameter.dim() > 1 ? ScalarType.Int8 : ScalarType.Float32, parameter.dtype, name);
                Assert.AreEqual(parameter.dim() > 1, narrow.Scales.ContainsKey(name), name);
                Assert.IsFalse(parameter.requires_grad, name);
                if (parameter.dim() == 1)
                    CollectionAssert.AreEqual(Floats(wide.Parameters[name]), Floats(parameter), name);
            }
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => narrow.Precision = Precision.BFloat16Mixed);
            using var scope = NewDisposeScope();
            Assert.IsFalse(narrow.Hidden(new TokenRows(new long[8], 8)).requires_grad);
        }
    }

    [TestMethod]
    public void ACopyHasTheIntegersAndScalesThemselves()
    {
        TransformerConfig config = NetworkShapes.All[0];
        using TransformerNetwork wide = NetworkShapes.Create(config), narrow = new(config, CPU, ScalarType.Int8);
        narrow.CopyFrom(wide);
        // A scale that rounding again would not give.
        using (Tensor scales = narrow.Scales[TransformerNetwork.EmbeddingName].narrow(0, 0, 1))
            scales.Set(0.0123456f);
        using var copy = new TransformerNetwork(config, CPU, ScalarType.Int8);
        copy.CopyFrom(narrow);
        foreach ((string name, Tensor scales) in narrow.Scales)
        {
            CollectionAssert.AreEqual(Floats(scales), Floats(copy.Scales[name]), name);
            CollectionAssert.AreEqual(Integers(narrow, name), Integers(copy, name), name);
        }
    }

    [TestMethod]
    public void ATensorIsRoundedRowByRowWhileItIsRead()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("weights.safetensors");
        TransformerConfig config = NetworkShapes.All[0];
        using TransformerNetwork wide = NetworkShapes.Create(config), narrow = new(config, CPU, ScalarType.Int8);
        using (FileStream stream = File.Create(path))
            SafetensorsWriter.WriteModel(stream, wide.Parameters.Select(item => KeyValuePair.Create(item.Key, (Tensor)item.Value)));
        StoredWeights.Load(path, narrow);
        foreach ((string name, Tensor scales) in narrow.Scales)
        {
            float[] numbers = Floats(wide.Parameters[name]), factors = Floats(scales);
            sbyte[] integers = Integers(narrow, name);
            int width = numbers.Length / factors.Length;
            for (int i = 0; i < numbers.Length; i++)
            {
                int row = i / width;
                Assert.AreEqual(numbers.Skip(row * width).Take(width).Max(MathF.Abs) / 127, factors[row], name);
                Assert.AreEqual((sbyte)MathF.Round(numbers[i] / factors[row]), integers[i], name);
            }
        }
    }

    // The products of integers and scales, by a plain loop; gains and biases as they are.
    internal static void SetToProducts(TransformerNetwork wide, TransformerNetwork narrow)
    {
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in narrow.Parameters)
        {
            Span<float> to = TensorMemory.FloatSpan(wide.Parameters[name]);
            if (!narrow.Scales.TryGetValue(name, out Tensor? scales))
            {
                TensorMemory.FloatSpan(parameter).CopyTo(to);
                continue;
            }
            float[] factors = Floats(scales);
            sbyte[] integers = Integers(narrow, name);
            for (int i = 0; i < integers.Length; i++)
                to[i] = integers[i] * factors[i / (integers.Length / factors.Length)];
        }
    }

    private static sbyte[] Integers(TransformerNetwork network, string name) =>
        network.Parameters[name].detach().data<sbyte>().ToArray();

    private static void AssertSame(Tensor expected, Tensor actual, string name) =>
        CollectionAssert.AreEqual(Floats(expected), Floats(actual), name);

    private static float[] Floats(Tensor values) => values.detach().contiguous().data<float>().ToArray();
}
