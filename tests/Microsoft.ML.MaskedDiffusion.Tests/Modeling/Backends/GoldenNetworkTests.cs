using System.Text.Json;
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
    public void TheTinyNetworksHaveTheRecordedParameters()
    {
        JsonElement recorded = Golden.Json("tiny_config.json");
        string[] names = [.. recorded.GetProperty("key_order").EnumerateArray().Select(name => name.GetString()!)];
        foreach ((string count, bool autoregressive) in new[] { ("n_params_mdm", false), ("n_params_arm", true) })
        {
            TransformerConfig config = Golden.TinyConfig(RotaryPrecision.BFloat16, autoregressive);
            Assert.AreEqual(recorded.GetProperty(count).GetInt64(), config.ParameterCount);
            using var network = new TransformerNetwork(config, CPU);
            CollectionAssert.AreEquivalent(names, network.Parameters.Select(parameter => parameter.Key).ToArray());
        }
    }

    [TestMethod]
    [DataRow("rope_bf16", RotaryPrecision.BFloat16)]
    [DataRow("rope_fp32", RotaryPrecision.Float32)]
    public void RotaryTables(string folder, RotaryPrecision precision)
    {
        using SafetensorsReader reader = Golden.Open(folder, "rope.safetensors");
        foreach (int headSize in new[] { 16, 64, 128 })
        {
            // The compact set holds some positions and lists them; the full set holds all of them and has no list.
            string list = $"positions_{headSize}";
            int[] positions = reader.TryFind(list, out _)
                ? [.. reader.ReadIntegers(list).Select(position => (int)position)]
                : [.. Enumerable.Range(0, (int)reader.Find($"cos_{headSize}").Shape[0])];
            var table = new RotaryTable(positions[^1] + 1, headSize, precision);
            int half = headSize / 2;
            double[] At(float[] values) =>
                [.. positions.SelectMany(position => values[(position * half)..((position + 1) * half)]).Select(value => (double)value)];
            var comparison = new Comparison(folder + "/rope", $"tables of head size {headSize}");
            comparison.Add(Comparison.Numbers(reader.ReadSingles($"cos_{headSize}")), At(table.Cosines));
            comparison.Add(Comparison.Numbers(reader.ReadSingles($"sin_{headSize}")), At(table.Sines));
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
        var kernels = new KernelNetwork(config, new RotaryTables(config), pool);
        var weights = new NetworkWeights(network.Parameters, config.LayerCount, (_, parameter) => WeightMatrix.Of(parameter));
        TokenRows tokens = Tokens(reader, "tokens");
        var hidden = new float[tokens.Ids.Length * config.EmbeddingSize];
        ForwardTape tape;
        fixed (float* states = hidden)
            tape = kernels.Forward(weights, tokens, null, states);
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
        // The compact set holds the first logits of each of these positions, the full set all of them.
        long recorded = reader.Find(prefix + "logits").Shape[1];
        Tensor Recorded(Tensor all) => all.index_select(0, positions).narrow(1, 0, recorded);
        new Comparison(File, prefix + "logits").Add(reader.ReadSingles(prefix + "logits"), Recorded(logits), Recorded(exactLogits))
            .Check(Tolerance(prefix + "logits"));
        // The tolerance was recorded for the diffusion model only. A log-sum-exp is near 11.4, where a 32-bit number is off by up to half
        // of 9.5e-7.
        Comparison logSumExp = new Comparison(File, prefix + "log-sum-exp")
            .Add(reader.ReadSingles(prefix + "logsumexp"), logits.logsumexp(-1), exactLogits.logsumexp(-1));
        if (prefix.Length == 0)
            logSumExp.Check(Tolerance("logsumexp"));
        else
            logSumExp.CheckUnrecorded(ceiling: 2e-6);
        Comparison.Equal(File, prefix + "arg-max", reader.ReadIntegers(prefix + "argmax"), logits.argmax(-1).data<long>().ToArray());
        if (prefix.Length > 0)
            return;
        long[] targets = reader.ReadIntegers("clean");
        float[] expected = reader.ReadSingles("nll");
        double[] Losses(TransformerNetwork of) =>
            Comparison.Numbers(of.CrossEntropy(of.Hidden(new TokenRows(tokens, 512)).view(512, -1), targets));
        double[] losses = Losses(network);
        new Comparison(File, "negative log-likelihoods")
            .Add(Comparison.Numbers(expected), losses, Losses(exact))
            .Check(Tolerance("nll"));
        int[] masked = [.. tokens.Index().Where(item => item.Item == network.Config.MaskTokenId).Select(item => item.Index)];
        Assert.HasCount(276, masked);
        Assert.AreEqual(masked.Average(i => (double)expected[i]), masked.Average(i => losses[i]), 2e-6,
            "The mean over the masked tokens is closer than each loss.");
    }

    private static TokenRows Tokens(SafetensorsReader reader, string name) =>
        new(reader.ReadIntegers(name), (int)reader.Find(name).Shape[1]);
}
