using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Diffusion;
using Microsoft.ML.MaskedDiffusion.Modeling;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests.Diffusion;

/// <summary>The forward process, the loss, its gradients and the validation loss against the reference implementation's.</summary>
[TestClass]
public sealed class GoldenLossTests
{
    private const int Mask = 97;

    [TestMethod]
    public void AnExcerptOfTheReferencesNoiseIsReproduced()
    {
        float[] levels = [0.149041712f, 0.486553133f, 0.985661507f, 0.16840142f];
        float[] uniforms =
        [
            0.583943427f, 0.693599164f, 0.583084881f, 0.128437757f, 0.572122633f, 0.924839437f, 0.269337773f, 0.782456875f,
            0.410258949f, 0.644897521f, 0.97021389f, 0.015937984f, 0.588371754f, 0.800214231f, 0.541836798f, 0.200657129f,
            0.0693734884f, 0.59983182f, 0.607443452f, 0.289437354f, 0.407004297f, 0.384732306f, 0.105678439f, 0.0973894596f,
            0.625241399f, 0.243632317f, 0.342986643f, 0.125647247f, 0.455922961f, 0.443022847f, 0.808863819f, 0.635987222f,
        ];
        float[] probabilities = [0.149892673f, 0.487066567f, 0.985675871f, 0.169233024f];
        int[] masked = [3, 8, 11, 15, 16, 17, 18, 19, 20, 21, 22, 23, 27];
        NoisyBatch batch = new ForwardProcess(Mask).Corrupt(new long[uniforms.Length], 8, levels, uniforms);
        CollectionAssert.AreEqual(probabilities, batch.Probabilities);
        CollectionAssert.AreEqual(masked, batch.MaskedPositions.Select(position => (int)position).ToArray());
    }

    [TestMethod]
    [DataRow("rope_bf16", "bf16", RotaryPrecision.BFloat16)]
    [DataRow("rope_fp32", "fp32", RotaryPrecision.Float32)]
    public void TrainingLossAndEveryGradient(string folder, string key, RotaryPrecision precision)
    {
        using SafetensorsReader golden = Golden.Open(folder, "train_loss.safetensors");
        JsonElement index = Golden.Json(folder, "index.json").GetProperty("train_loss");
        NoisyBatch batch = new ForwardProcess(Mask).Corrupt(golden.ReadIntegers("input_ids"), 64, golden.ReadSingles("u_t"), golden.ReadSingles("u_mask"));
        CollectionAssert.AreEqual(golden.ReadSingles("p_mask"), batch.Probabilities);
        CollectionAssert.AreEqual(golden.ReadIntegers("noisy_input"), batch.Tokens);

        // The tolerances are the reference's own 32-bit rounding; ours comes on top of it in 32 bits.
        foreach ((ScalarType type, double factor) in new[] { (ScalarType.Float64, 1.1), (ScalarType.Float32, 4) })
        {
            using var scope = NewDisposeScope();
            using TransformerNetwork network = Load(precision, type);
            Tensor loss = new MaskedDiffusionObjective().Loss(network, batch);
            double expected = index.GetProperty("loss").GetDouble(), actual = loss.to(ScalarType.Float64).item<double>();
            double lossError = Math.Abs(actual / expected - 1), lossTolerance = factor * Math.Max(Golden.Tolerance(key, "loss_rel"), 6e-8);
            Assert.IsTrue(lossError <= lossTolerance, $"{type}: loss {actual}, expected {expected}: {lossError:E1} > {lossTolerance:E1}");
            loss.backward();
            double worst = 0;
            foreach ((string name, Parameter parameter) in network.Parameters)
            {
                float[] reference = golden.ReadSingles("grad." + name);
                double[] gradient = parameter.grad!.to(ScalarType.Float64).contiguous().data<double>().ToArray();
                double size = reference.Max(MathF.Abs);
                for (int i = 0; i < reference.Length; i++) worst = Math.Max(worst, Math.Abs(reference[i] - gradient[i]) / size);
            }
            double tolerance = factor * Golden.Tolerance(key, "grad_max_err_rel_to_tensor_max");
            Console.WriteLine($"{folder} {type}: loss off by {lossError:E2} (tolerance {lossTolerance:E2}), gradients by {worst:E2} ({tolerance:E2}) of their largest");
            Assert.IsTrue(worst <= tolerance, $"{type}: gradients off by {worst:E2} of their largest, tolerance {tolerance:E2}");
        }
    }

    [TestMethod]
    public void ValidationLoss()
    {
        using SafetensorsReader golden = Golden.Open("rope_bf16", "validate.safetensors");
        using TransformerNetwork network = Load(RotaryPrecision.BFloat16, ScalarType.Float32);
        float[] levels = golden.ReadSingles("u_t"), uniforms = golden.ReadSingles("u_mask");
        var objective = new MaskedDiffusionObjective();
        double sum = 0;
        for (int iteration = 0; iteration < 2; iteration++)
        {
            long[] blocks = golden.ReadIntegers($"batch{iteration}");
            long[] tokens = [.. blocks[..64], .. blocks[65..129]];
            for (int draw = iteration * 128; draw < (iteration + 1) * 128; draw++)
            {
                NoisyBatch batch = new ForwardProcess(Mask).Corrupt(tokens, 64, levels.AsSpan(draw * 2, 2), uniforms.AsSpan(draw * 128, 128));
                sum += objective.RowLosses(network, batch).Average();
            }
        }
        double expected = Golden.Json("rope_bf16", "index.json").GetProperty("validate").GetProperty("val_loss").GetDouble();
        Console.WriteLine($"validation loss off by {sum / 256 / expected - 1:E2}, tolerance {Golden.Tolerance("bf16", "validate_rel"):E2}");
        Assert.AreEqual(expected, sum / 256, 1e-7 * expected);   // 32-bit rounding of single losses, averaged
    }

    internal static TransformerNetwork Load(RotaryPrecision precision, ScalarType type)
    {
        var network = new TransformerNetwork(Golden.TinyConfig(precision), CPU, type);
        WeightFiles.Load(Golden.PathOf("tiny_mdm.safetensors"), network);
        return network;
    }
}
