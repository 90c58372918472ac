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
        using SafetensorsReader reader = Golden.Open("formula6M_bf16.safetensors");
        foreach (string prefix in new[] { "", "arm_" })
        {
            using var scope = NewDisposeScope();
            using IDisposable noGradient = no_grad();
            TransformerConfig config = TransformerConfig.FromPreset("6M") with { RotaryPrecision = RotaryPrecision.BFloat16, Autoregressive = prefix.Length > 0 };
            using TransformerNetwork network = FormulaNetwork.Create(config);
            long[] tokens = FormulaNetwork.Tokens(config.Autoregressive);
            Tensor logits = network.Forward(tensor(tokens, [1, 512])).view(512, 32000);
            if (prefix.Length == 0) CollectionAssert.AreEqual(reader.ReadIntegers("tokens"), tokens);
            AssertClose(reader.ReadSingles(prefix + "logits"), logits.index_select(0, tensor(reader.ReadIntegers("positions"))), 2 * Golden.Tolerance("formula6M", "bf16", prefix + "logits"), prefix + "logits");
            AssertClose(reader.ReadSingles(prefix + "logsumexp"), logits.logsumexp(-1), 2 * Golden.Tolerance("formula6M", "bf16", "logits"), prefix + "log-sum-exp");
            CollectionAssert.AreEqual(reader.ReadIntegers(prefix + "argmax"), logits.argmax(-1).data<long>().ToArray());
        }
    }

    // Excerpts of the same figures, so that parity is guarded where the folder is not.
    [TestMethod]
    [DataRow(false, new[] { 23130L, 10187, 8308, 5879, 22560, 19090, 8308, 13018 }, new[] { 11.4148693, 11.3768759, 11.4449577, 11.4377995, 11.3890228, 11.4276247, 11.3949547, 11.3961782 },
        new[] { -0.142418772, 1.02380407, 0.0552237108, 1.25797021, 0.642063439, 2.03696561, 2.37562275, 2.36359406 })]
    [DataRow(true, new[] { 11750L, 16118, 5447, 4106, 18747, 2456, 925, 4742 }, new[] { 11.4796467, 11.3947058, 11.3893738, 11.4732685, 11.4392605, 11.3358326, 11.4289007, 11.4338903 },
        new[] { -1.17958331, -0.673158228, -0.810829341, -2.17578411, 0.337847024, -0.604535699, -1.03758192, -1.57004464 })]
    public void TheRealSixMillionModelAtEightPositions(bool autoregressive, long[] top, double[] logSums, double[] firstLogits)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        TransformerConfig config = TransformerConfig.FromPreset("6M") with { RotaryPrecision = RotaryPrecision.BFloat16, Autoregressive = autoregressive };
        using TransformerNetwork network = FormulaNetwork.Create(config);
        Tensor hidden = network.Hidden(tensor(FormulaNetwork.Tokens(autoregressive), [1, 512])).view(512, 256);
        Tensor logits = network.Logits(hidden.index_select(0, tensor(new long[] { 0, 1, 63, 64, 200, 333, 510, 511 })));
        CollectionAssert.AreEqual(top, logits.argmax(-1).data<long>().ToArray());
        AssertClose([.. logSums.Select(v => (float)v)], logits.logsumexp(-1), 2e-5, "log-sum-exp"); // twice the reference's own distance from exact
        AssertClose([.. firstLogits.Select(v => (float)v)], logits.narrow(1, 0, 1), 2e-5, "logits of token 0");
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
}
