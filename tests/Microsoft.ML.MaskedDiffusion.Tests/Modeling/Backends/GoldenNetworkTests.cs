using Microsoft.ML.MaskedDiffusion.Corpora.Documents;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Forward passes of the reference implementation.</summary>
[TestClass]
public sealed class GoldenNetworkTests
{
    [TestMethod]
    [DataRow("rope_bf16", RotaryPrecision.BFloat16)]
    [DataRow("rope_fp32", RotaryPrecision.Float32)]
    public void RotaryTables(string folder, RotaryPrecision precision)
    {
        using SafetensorsReader reader = Golden.Open(folder, "rope.safetensors");
        foreach (int headSize in new[] { 16, 64, 128 })
        {
            var table = new RotaryTable((int)reader.Find($"cos_{headSize}").Shape[0], headSize, precision);
            var comparison = new Comparison(folder + "/rope", $"tables of head size {headSize}");
            comparison.Add(Comparison.Numbers(reader.ReadSingles($"cos_{headSize}")), Comparison.Numbers(table.Cosines));
            comparison.Add(Comparison.Numbers(reader.ReadSingles($"sin_{headSize}")), Comparison.Numbers(table.Sines));
            // bfloat16 hides the last bits in which two libraries' cosines may differ; in 32 bits both are rounded from the same angle.
            comparison.Check(precision == RotaryPrecision.BFloat16 ? 0 : Comparison.HalfUnit);
        }
    }

    [TestMethod]
    [DataRow("rope_bf16", RotaryPrecision.BFloat16, "bf16")]
    [DataRow("rope_fp32", RotaryPrecision.Float32, "fp32")]
    public void ForwardPasses(string folder, RotaryPrecision precision, string key)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using SafetensorsReader reader = Golden.Open(folder, "forward.safetensors");
        using TransformerNetwork network = Golden.Tiny(precision), exact = Golden.Tiny(precision, type: ScalarType.Float64);
        using TransformerNetwork causal = Golden.Tiny(precision, autoregressive: true);
        using TransformerNetwork exactCausal = Golden.Tiny(precision, autoregressive: true, type: ScalarType.Float64);
        Comparison Of(string figure) => new(folder + "/forward", figure);

        TokenRows tokens = Tokens(reader, "tokens");
        Of("final norm").Add(reader.ReadSingles("x_ln_f"), network.Hidden(tokens), exact.Hidden(tokens)).Check(
            Golden.Tolerance(key, "hidden"));
        foreach ((string name, string tolerance) in new[] { ("", "logits"), ("_T37", "logits_T37"), ("_T1", "logits_T1") })
        {
            tokens = Tokens(reader, "tokens" + name);
            Of("logits" + name).Add(reader.ReadSingles("logits" + name), network.Forward(tokens), exact.Forward(tokens))
                .Check(Golden.Tolerance(key, tolerance), name == "_T1" ? Comparison.Few : 2);
        }
        tokens = Tokens(reader, "arm_tokens");
        Of("ARM logits").Add(reader.ReadSingles("arm_logits"), causal.Forward(tokens), exactCausal.Forward(tokens)).Check(
            Golden.Tolerance(key, "arm_logits"));
    }

    [TestMethod]
    [DataRow("rope_bf16", RotaryPrecision.BFloat16, "bf16")]
    [DataRow("rope_fp32", RotaryPrecision.Float32, "fp32")]
    public unsafe void WhatEveryBlockComputes(string folder, RotaryPrecision precision, string key)
    {
        using var scope = NewDisposeScope();
        using SafetensorsReader reader = Golden.Open(folder, "forward.safetensors");
        using TransformerNetwork network = Golden.Tiny(precision);
        TransformerConfig config = network.Config;
        using var pool = new BufferPool();
        var kernels = new KernelNetwork(config, new RotaryTable(config.ContextLength, config.HeadSize, config.RotaryPrecision), pool);
        var weights = new NetworkWeights(network.Parameters, config.LayerCount, parameter => TensorMemory.Floats(parameter));
        TokenRows tokens = Tokens(reader, "tokens");
        var hidden = new float[tokens.Ids.Length * config.EmbeddingSize];
        ForwardTape tape;
        fixed (float* states = hidden)
            tape = kernels.Forward(weights, tokens, states);
        using ForwardTape owned = tape;
        int n = tape.Batch * tape.Length, d = config.EmbeddingSize, f = config.FeedForwardSize;
        var stage = new float[n * d];
        var product = new float[n * f];
        void Check(string figure, string name, float* values, double? tolerance = null) => new Comparison(folder + "/forward", figure)
            .Add(Comparison.Numbers(reader.ReadSingles(name)), Comparison.Numbers(new ReadOnlySpan<float>(values, n * d).ToArray())).Check(
                tolerance ?? Golden.Tolerance(key, "hidden"));
        fixed (float* to = stage, gated = product)
        {
            Check("embeddings", "x_embed", tape.Layers[0].Input, tolerance: 0);
            for (int i = 0; i < config.LayerCount; i++)
            {
                LayerTape layer = tape.Layers[i];
                float* Weight(string name) => TensorMemory.Floats(network.Parameters[$"transformer.h.{i}.{name}.weight"]);
                NormKernels.Apply(layer.Input, Weight("norm_1"), layer.Scale1, to, n, d);
                Check("first norm of a block", $"norm1_block{i}", to);
                MatrixProduct.Multiply(n, d, d, layer.Mixed, d, false, Weight("attn.proj"), d, true, to, d);
                Check("attention's output", $"attn_out_block{i}", to);
                GateKernels.Forward(layer.Gate, layer.Up, gated, (long)n * f);
                MatrixProduct.Multiply(n, d, f, gated, f, false, Weight("mlp.swiglu.w3"), f, true, to, d);
                Check("feed-forward output", $"mlp_out_block{i}", to);
                Check("residual after a block", $"x_after_block{i}", i + 1 < config.LayerCount ? tape.Layers[i + 1].Input : tape.Last);
            }
        }
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("arm_")]
    public void TheRealSixMillionModelWithFormulaWeights(string prefix)
    {
        const string File = "formula6M";
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using SafetensorsReader reader = Golden.Open("formula6M_bf16.safetensors");
        using TransformerNetwork network = FormulaNetwork.Create(autoregressive: prefix.Length > 0);
        using TransformerNetwork exact = new(network.Config, CPU, ScalarType.Float64);
        exact.CopyFrom(network);
        long[] tokens = FormulaNetwork.Tokens(network.Config.Autoregressive);
        if (prefix.Length == 0)
            Comparison.Equal(File, "tokens", reader.ReadIntegers("tokens"), tokens);
        Tensor logits = network.Forward(new TokenRows(tokens, 512)).view(512, 32000);
        Tensor exactLogits = exact.Forward(new TokenRows(tokens, 512)).view(512, 32000);
        Tensor positions = tensor(reader.ReadIntegers("positions"));
        double Tolerance(string name) => Golden.Tolerance("formula6M", "bf16", name);
        new Comparison(File, prefix + "logits").Add(
            reader.ReadSingles(prefix + "logits"), logits.index_select(0, positions), exactLogits.index_select(0, positions)).Check(
            Tolerance(prefix + "logits"));
        // The tolerance was recorded for the diffusion model only. A log-sum-exp is near 11.4, where a 32-bit number is off by up to half
        // of 9.5e-7.
        new Comparison(File, prefix + "log-sum-exp").Add(
            reader.ReadSingles(prefix + "logsumexp"), logits.logsumexp(-1), exactLogits.logsumexp(-1)).Check(
            prefix.Length == 0 ? Tolerance("logsumexp") : null);
        Comparison.Equal(File, prefix + "arg-max", reader.ReadIntegers(prefix + "argmax"), logits.argmax(-1).data<long>().ToArray());
        if (prefix.Length > 0)
            return;
        long[] targets = reader.ReadIntegers("clean");
        Tensor Losses(TransformerNetwork of) => of.CrossEntropy(of.Hidden(new TokenRows(tokens, 512)).view(512, -1), targets);
        new Comparison(File, "negative log-likelihoods").Add(reader.ReadSingles("nll"), Losses(network), Losses(exact)).Check(
            Tolerance("nll"));
    }

    // Excerpts of the same figures, so that parity is guarded where the folder is not.
    [TestMethod]
    [DataRow(
        false, new[] { 23130L, 10187, 8308, 5879, 22560, 19090, 8308, 13018 },
        new[] { 11.4148693, 11.3768759, 11.4449577, 11.4377995, 11.3890228, 11.4276247, 11.3949547, 11.3961782 },
        new[] { -0.142418772, 1.02380407, 0.0552237108, 1.25797021, 0.642063439, 2.03696561, 2.37562275, 2.36359406 })]
    [DataRow(
        true, new[] { 11750L, 16118, 5447, 4106, 18747, 2456, 925, 4742 },
        new[] { 11.4796467, 11.3947058, 11.3893738, 11.4732685, 11.4392605, 11.3358326, 11.4289007, 11.4338903 },
        new[] { -1.17958331, -0.673158228, -0.810829341, -2.17578411, 0.337847024, -0.604535699, -1.03758192, -1.57004464 })]
    public void TheRealSixMillionModelAtEightPositions(bool autoregressive, long[] top, double[] logSums, double[] firstLogits)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using TransformerNetwork network = FormulaNetwork.Create(autoregressive);
        Tensor hidden = network.Hidden(new TokenRows(FormulaNetwork.Tokens(autoregressive), 512)).view(512, 256);
        Tensor logits = network.Logits(hidden.index_select(0, tensor(new long[] { 0, 1, 63, 64, 200, 333, 510, 511 })));
        CollectionAssert.AreEqual(top, logits.argmax(-1).data<long>().ToArray());
        AssertClose(logSums, logits.logsumexp(-1));
        AssertClose(firstLogits, logits.narrow(1, 0, 1));
        if (autoregressive)
            return;
        long[] clean = FormulaNetwork.Tokens(autoregressive: true);
        long[] masked = [.. FormulaNetwork.Tokens(false).Index().Where(item => item.Item == 32000).Select(item => (long)item.Index)];
        double[] Losses(long[] at) =>
            Comparison.Numbers(network.CrossEntropy(hidden.index_select(0, tensor(at)), [.. at.Select(place => clean[place])]));
        double[] losses =
            [12.675107955932617, 10.999115943908691, 10.959096908569336, 11.304577827453613, 11.92473030090332, 11.496454238891602,
            12.247112274169922, 12.463874816894531];
        double[] ours = Losses([0, 1, 63, 64, 200, 333, 510, 511]);
        for (int i = 0; i < losses.Length; i++)
            Assert.AreEqual(losses[i], ours[i], 2e-5);
        Assert.HasCount(276, masked);
        Assert.AreEqual(11.498194735983144, Losses(masked).Average(), 2e-6, "errors of 276 losses, averaged");
    }

    private static void AssertClose(double[] expected, Tensor actual)
    {
        double[] numbers = Comparison.Numbers(actual);
        // Twice the reference's own distance from exact arithmetic.
        for (int i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], numbers[i], 2e-5);
    }

    private static TokenRows Tokens(SafetensorsReader reader, string name) =>
        new(reader.ReadIntegers(name), (int)reader.Find(name).Shape[1]);
}
