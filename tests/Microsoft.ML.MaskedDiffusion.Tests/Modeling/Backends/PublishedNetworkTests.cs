using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// What the public reference code of published architectures computes with tiny weights, on both backends. The tolerances are the
/// references' own distances from 64-bit arithmetic: of the logits, and of the residual stream after each block.
/// </summary>
[TestClass]
public sealed class PublishedNetworkTests
{
    [TestMethod]
    [DataRow("llada", 3.9e-5, 2.4e-5)]
    [DataRow("dream", 3.4e-5, 1.7e-5)]
    [DataRow("a2d-qwen3", 2.4e-5, 1.8e-5)]
    [DataRow("a2d-qwen2", 2.2e-5, 1.6e-5)]
    [DataRow("modernbert", 4.1e-5, 4.1e-5)]
    public void LogitsAndStates(string family, double logits, double states)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using SafetensorsReader reader = Golden.Open("published", family, "golden.safetensors");
        TokenRows tokens = new(reader.ReadIntegers("tokens"), (int)reader.Find("tokens").Shape[1]);
        using TransformerNetwork exact = PublishedNetwork.Load(family, ScalarType.Float64);
        using TransformerNetwork kernels = PublishedNetwork.Load(family), composed = PublishedNetwork.Load(family, torchOperators: true);
        foreach (TransformerNetwork network in new[] { kernels, composed })
        {
            string figure = network == kernels ? "" : " of torch's operators";
            new Comparison(family, "logits" + figure)
                .Add(Shifted(reader, network.Config, "logits", tokens), network.Forward(tokens), exact.Forward(tokens)).Check(logits);
            if (!network.Config.HasPredictionHead)
                new Comparison(family, "final norm" + figure)
                    .Add(Shifted(reader, network.Config, "final_norm", tokens), network.Hidden(tokens), exact.Hidden(tokens))
                    .Check(states);
        }
    }

    [TestMethod]
    [DataRow("llada", 2.4e-5)]
    [DataRow("dream", 1.7e-5)]
    [DataRow("a2d-qwen3", 1.8e-5)]
    [DataRow("a2d-qwen2", 1.6e-5)]
    [DataRow("modernbert", 4.1e-5)]
    public unsafe void TheResidualStreamAfterEveryBlock(string family, double tolerance)
    {
        using var scope = NewDisposeScope();
        using SafetensorsReader reader = Golden.Open("published", family, "golden.safetensors");
        using TransformerNetwork network = PublishedNetwork.Load(family);
        TransformerConfig config = network.Config;
        using var pool = new BufferPool();
        var kernels = new KernelNetwork(config, new RotaryTables(config), pool);
        var weights = new NetworkWeights(network.Parameters, config.LayerCount, (_, parameter) => WeightMatrix.Of(parameter));
        TokenRows tokens = new(reader.ReadIntegers("tokens"), (int)reader.Find("tokens").Shape[1]);
        int n = tokens.Ids.Length, d = config.EmbeddingSize;
        var result = new float[n * d];
        fixed (float* states = result)
        {
            using ForwardTape tape = kernels.Forward(weights, tokens, null, states);
            void Check(string name, float* values) => new Comparison(family, name)
                .Add(Comparison.Numbers(reader.ReadSingles(name)), Comparison.Numbers(new ReadOnlySpan<float>(values, n * d).ToArray()))
                .Check(tolerance);
            for (int i = 0; i < config.LayerCount; i++)
                Check($"block.{i}", i + 1 < config.LayerCount ? tape.Layers[i + 1].Input : tape.Last);
            NormKernels.Apply(tape.Last, weights.FinalNorm, tape.LastScale, states, n, d, config.Norm == NormKind.Layer);
            Check("final_norm", states);
        }
    }

    /// <summary>
    /// The library reads rows without their padding. Rotary positions are relative, so a row that is padded on the left has the same logits
    /// without it, but for rounding.
    /// </summary>
    [TestMethod]
    [DataRow("llada", 3.9e-5)]
    [DataRow("dream", 3.4e-5)]
    [DataRow("a2d-qwen3", 2.4e-5)]
    [DataRow("a2d-qwen2", 2.2e-5)]
    [DataRow("modernbert", 4.1e-5)]
    public void PaddedRowsWithoutTheirPadding(string family, double tolerance)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using SafetensorsReader reader = Golden.Open("published", family, "golden.safetensors");
        using TransformerNetwork network = PublishedNetwork.Load(family), exact = PublishedNetwork.Load(family, ScalarType.Float64);
        int length = (int)reader.Find("padded.tokens").Shape[1], vocabulary = network.Config.VocabularySize;
        long[] tokens = reader.ReadIntegers("padded.tokens"), seen = reader.ReadIntegers("padded.attention_mask");
        Tensor logits = tensor(reader.ReadSingles("padded.logits")).view(-1, length, vocabulary);
        for (int row = 0; row < tokens.Length / length; row++)
        {
            int[] places = [.. Enumerable.Range(row * length, length).Where(place => seen[place] != 0)];
            TokenRows part = new(Array.ConvertAll(places, place => tokens[place]), places.Length);
            Tensor expected = logits[row].narrow(0, places[0] - row * length, places.Length);
            if (network.Config.ShiftsLogits)
                expected = cat([expected.narrow(0, 0, 1), expected.narrow(0, 0, places.Length - 1)]);
            new Comparison(family, "padded logits")
                .Add(expected.contiguous().data<float>().ToArray(), network.Forward(part), exact.Forward(part)).Check(tolerance);
        }
    }

    /// <summary>Its reference figures are kept apart, so plain loops in 64 bits take their place.</summary>
    [TestMethod]
    public void LlamaIsThatOfThePlainImplementation()
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        const string Family = "a2d-llama";
        using TransformerNetwork network = PublishedNetwork.Load(Family), exact = PublishedNetwork.Load(Family, ScalarType.Float64);
        var reference = new ReferenceNetwork(network.Config, network.Parameters.ToDictionary(p => p.Key, p => Comparison.Numbers(p.Value)));
        // Longer than the context that the positions were stretched from.
        int[] row = TransformerNetworkTests.Tokens(3, 80, network.Config);
        double[] expected = [.. reference.Logits(row).SelectMany(logits => logits)];
        TokenRows tokens = TransformerNetworkTests.Batch([row]);
        // The tables' angles are 32-bit numbers, up to 80 here; 3.0e-5 is what the architecture's reference is off.
        new Comparison(Family, "logits")
            .Add(expected, Comparison.Numbers(network.Forward(tokens)), Comparison.Numbers(exact.Forward(tokens))).Check(3.0e-5);
    }

    // A figure of all places, each that of the place whose output predicts it.
    private static float[] Shifted(SafetensorsReader reader, TransformerConfig config, string name, TokenRows tokens)
    {
        float[] figure = reader.ReadSingles(name);
        if (!config.ShiftsLogits)
            return figure;
        int width = figure.Length / tokens.Ids.Length;
        return [.. figure.Chunk(width * tokens.Length).SelectMany(row => row[..width].Concat(row[..^width]))];
    }
}
