using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests.Modeling;

/// <summary>Forward passes and gradients of the reference implementation.</summary>
[TestClass]
public sealed class GoldenNetworkTests
{
    [TestMethod]
    [DataRow("rope_bf16", RotaryPrecision.BFloat16, 16)]
    [DataRow("rope_bf16", RotaryPrecision.BFloat16, 64)]
    [DataRow("rope_bf16", RotaryPrecision.BFloat16, 128)]
    [DataRow("rope_fp32", RotaryPrecision.Float32, 16)]
    [DataRow("rope_fp32", RotaryPrecision.Float32, 64)]
    [DataRow("rope_fp32", RotaryPrecision.Float32, 128)]
    public void RotaryTables(string folder, RotaryPrecision precision, int headSize)
    {
        using SafetensorsReader reader = Golden.Open(folder, "rope.safetensors");
        var table = new RotaryTable((int)reader.Find($"cos_{headSize}").Shape[0], headSize, precision);
        // bfloat16 hides the last bits in which two libraries' powers and cosines may differ; 32 bits show them: angles reach 2047, where one unit is 1.2e-4.
        double tolerance = precision == RotaryPrecision.BFloat16 ? 0 : 1.3e-4;
        AssertClose(reader.ReadSingles($"cos_{headSize}"), table.Cosines, tolerance, "cos");
        AssertClose(reader.ReadSingles($"sin_{headSize}"), table.Sines, tolerance, "sin");
    }

    [TestMethod]
    [DataRow("rope_bf16", RotaryPrecision.BFloat16, "bf16")]
    [DataRow("rope_fp32", RotaryPrecision.Float32, "fp32")]
    public void ForwardPasses(string folder, RotaryPrecision precision, string key)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using SafetensorsReader reader = Golden.Open(folder, "forward.safetensors");
        using TransformerNetwork network = Tiny(precision, autoregressive: false), causal = Tiny(precision, autoregressive: true);
        // The tolerances are the reference's own distance from exact arithmetic; ours may be as far on the other side.
        double tolerance = 2 * Golden.Tolerance(key, "logits");
        AssertClose(reader.ReadSingles("x_ln_f"), network.Hidden(Tokens(reader, "tokens")), Golden.Tolerance(key, "hidden"), "hidden");
        AssertClose(reader.ReadSingles("logits"), network.Forward(Tokens(reader, "tokens")), tolerance, "logits");
        AssertClose(reader.ReadSingles("logits_T37"), network.Forward(Tokens(reader, "tokens_T37")), tolerance, "37 tokens");
        AssertClose(reader.ReadSingles("logits_T1"), network.Forward(Tokens(reader, "tokens_T1")), tolerance, "1 token");
        AssertClose(reader.ReadSingles("arm_logits"), causal.Forward(Tokens(reader, "arm_tokens")), tolerance, "causal");
    }

    [TestMethod]
    [DataRow("rope_bf16", RotaryPrecision.BFloat16, "bf16")]
    [DataRow("rope_fp32", RotaryPrecision.Float32, "fp32")]
    public void LossAndEveryGradient(string folder, RotaryPrecision precision, string key)
    {
        using var scope = NewDisposeScope();
        using SafetensorsReader reader = Golden.Open(folder, "train_loss.safetensors");
        using TransformerNetwork network = Tiny(precision, autoregressive: false);
        long[] input = reader.ReadIntegers("input_ids"), noisy = reader.ReadIntegers("noisy_input"), masked = reader.ReadIntegers("mask_indices");
        float[] levels = reader.ReadSingles("p_mask");
        int length = input.Length / levels.Length;
        long[] places = [.. Enumerable.Range(0, input.Length).Where(i => masked[i] != 0).Select(i => (long)i)];
        Tensor hidden = network.Hidden(tensor(noisy, [levels.Length, length])).reshape(-1, 64).index_select(0, tensor(places));
        Tensor losses = Fused.CrossEntropy(network.Logits(hidden), tensor(places.Select(i => input[i]).ToArray()));
        Tensor loss = (losses / tensor(places.Select(i => levels[i / length]).ToArray())).sum() / input.Length;
        double expected = Golden.Json(folder, "index.json").GetProperty("train_loss").GetProperty("loss").GetDouble();
        Assert.AreEqual(expected, loss.item<float>(), expected * Math.Max(2e-7, 2 * Golden.Tolerance(key, "loss_rel")));
        loss.backward();
        double tolerance = Golden.Tolerance(key, "grad_max_err_rel_to_tensor_max");
        foreach ((string name, Parameter parameter) in network.Parameters)
        {
            float[] gradient = reader.ReadSingles("grad." + name);
            AssertClose(gradient, parameter.grad!, tolerance * gradient.Max(MathF.Abs), name);
        }
    }

    [TestMethod]
    public void TheRealSixMillionModelWithFormulaWeights()
    {
        JsonElement about = Golden.Json("formula6M.json");
        using SafetensorsReader reader = Golden.Open("formula6M_bf16.safetensors");
        foreach (string prefix in new[] { "", "arm_" })
        {
            using var scope = NewDisposeScope();
            using IDisposable noGradient = no_grad();
            TransformerConfig config = TransformerConfig.FromPreset("6M") with { RotaryPrecision = RotaryPrecision.BFloat16, Autoregressive = prefix.Length > 0 };
            using var network = new TransformerNetwork(config, CPU);
            FillByFormula(network, about.GetProperty("amp"));
            long[] ids = [.. Enumerable.Range(0, 512).Select(t => (long)((SplitMix((1000UL << 40) + (ulong)t) >> 40) % 32000))];
            long[] tokens = [.. ids.Select((id, t) => prefix.Length == 0 && SplitMix((1001UL << 40) + (ulong)t) >> 40 < 1 << 23 ? 32000 : id)];
            Tensor logits = network.Forward(tensor(tokens, [1, 512])).view(512, 32000);
            if (prefix.Length == 0) CollectionAssert.AreEqual(reader.ReadIntegers("tokens"), tokens);
            AssertClose(reader.ReadSingles(prefix + "logits"), logits.index_select(0, tensor(reader.ReadIntegers("positions"))), 2 * Golden.Tolerance("formula6M", "bf16", prefix + "logits"), prefix + "logits");
            AssertClose(reader.ReadSingles(prefix + "logsumexp"), logits.logsumexp(-1), 2 * Golden.Tolerance("formula6M", "bf16", "logits"), prefix + "log-sum-exp");
            CollectionAssert.AreEqual(reader.ReadIntegers(prefix + "argmax"), logits.argmax(-1).data<long>().ToArray());
        }
    }

    private static TransformerNetwork Tiny(RotaryPrecision precision, bool autoregressive)
    {
        var network = new TransformerNetwork(Golden.TinyConfig(precision, autoregressive), CPU);
        WeightFiles.Load(Golden.PathOf(autoregressive ? "tiny_arm.safetensors" : "tiny_mdm.safetensors"), network);
        return network;
    }

    private static Tensor Tokens(SafetensorsReader reader, string name) => tensor(reader.ReadIntegers(name), reader.Find(name).Shape);

    private static void AssertClose(float[] expected, Tensor actual, double tolerance, string what) => AssertClose(expected, actual.detach().contiguous().data<float>().ToArray(), tolerance, what);

    private static void AssertClose(float[] expected, float[] actual, double tolerance, string what)
    {
        Assert.AreEqual(expected.Length, actual.Length, what);
        double worst = expected.Zip(actual, (a, b) => Math.Abs((double)a - b)).Max();
        Console.WriteLine($"{what}: largest deviation {worst:e2}, tolerance {tolerance:e2}");
        Assert.IsLessThanOrEqualTo(tolerance, worst, what);
    }

    private static void FillByFormula(TransformerNetwork network, JsonElement amplitudes)
    {
        int index = 0;
        foreach ((string name, Parameter parameter) in network.Parameters)
        {
            float amplitude = parameter.dim() == 1 ? 0 : amplitudes.EnumerateObject().First(item => name.Contains(item.Name, StringComparison.Ordinal)).Value.GetSingle();
            ulong first = (ulong)++index << 40;
            Span<float> values = TensorMemory.FloatSpan(parameter);
            for (int j = 0; j < values.Length; j++)
            {
                long k = (long)(SplitMix(first + (ulong)j) >> 40);
                values[j] = amplitude == 0 ? 0.5f + (float)k / (1 << 24) : (float)((k - (1 << 23)) / (double)(1 << 23)) * amplitude;
            }
        }
    }

    private static ulong SplitMix(ulong x)
    {
        ulong z = x + 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
