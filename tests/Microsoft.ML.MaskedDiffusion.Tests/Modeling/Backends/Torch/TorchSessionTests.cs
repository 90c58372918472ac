using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Torch's operators give what the kernels give, but for rounding.</summary>
[TestClass]
public sealed class TorchSessionTests
{
    private static readonly TransformerConfig Config = TransformerNetworkTests.Small;

    [TestMethod]
    [DataRow(ScalarType.Float32, Precision.Float32, false, 1e-5)]
    [DataRow(ScalarType.Float32, Precision.Float32, true, 1e-5)]
    [DataRow(ScalarType.Float64, Precision.Float32, false, 1e-5)]
    [DataRow(ScalarType.Float32, Precision.BFloat16Mixed, false, 8.0 / 512)]
    [DataRow(ScalarType.BFloat16, Precision.Float32, true, 20.0 / 512)]
    public void PartsOfAllShapesAreTheKernels(ScalarType type, Precision precision, bool autoregressive, double tolerance)
    {
        TransformerConfig config = Config with { Autoregressive = autoregressive };
        using var scope = NewDisposeScope();
        using TransformerNetwork kernels = new(config, CPU), composed = new(config, CPU, type, torchOperators: true);
        kernels.Initialize(3);
        composed.CopyFrom(kernels);
        kernels.CopyFrom(composed);
        kernels.Precision = composed.Precision = precision;
        AssertSameAnswers(kernels, composed, tolerance);
    }

    [TestMethod]
    [DynamicData(nameof(NetworkShapes.Rows), typeof(NetworkShapes))]
    public void PartsOfNetworksOfAllShapesAreTheKernels(int shape, string name)
    {
        TransformerConfig config = NetworkShapes.All[shape];
        using var scope = NewDisposeScope();
        using TransformerNetwork kernels = NetworkShapes.Create(config), composed = new(config, CPU, torchOperators: true);
        composed.CopyFrom(kernels);
        Assert.AreEqual(name, config.Name);
        // 32-bit rounding of two orders of summation.
        AssertSameAnswers(kernels, composed, 2e-5);
    }

    private static void AssertSameAnswers(TransformerNetwork kernels, TransformerNetwork composed, double tolerance)
    {
        List<float[]> expected = Ask(kernels), actual = Ask(composed);
        Assert.AreEqual(expected.Count, actual.Count);
        foreach ((float[] a, float[] b) in expected.Zip(actual))
        {
            double off = a.Zip(b, (x, y) => (double)(x - y) * (x - y)).Sum(), size = a.Sum(x => (double)x * x);
            Limit.AtMost(tolerance, Math.Sqrt(off / size));
        }
    }

    // Rows of two lengths, with and without caches, of which two then compute some positions again; states and guided logits of all.
    internal static List<float[]> Ask(TransformerNetwork network)
    {
        using INetworkSession session = network.OpenSession();
        int[][] rows =
            [.. new[] { 20, 9, 20, 20, 9 }.Select((length, i) => TransformerNetworkTests.Tokens((ulong)i, length, network.Config))];
        KeyValueCache[] caches = [.. rows.Select(row => session.NewCache(row.Length))];
        List<float[]> results = [];
        Take([.. rows.Select((row, i) =>
            SequencePart.Whole(row, new[] { 8, 2 * i }.Order().Distinct().ToArray(), i == 2 ? null : caches[i]))]);
        SequencePart Again(int row, int first, int count, int keyCount) => new()
        {
            Tokens = Enumerable.Repeat(7 % network.Config.EmbeddingRowCount, count).ToArray(),
            Positions = Enumerable.Range(first, count).ToArray(),
            KeyCount = keyCount,
            Cache = caches[row],
            Asked = Enumerable.Range(0, count).ToArray(),
        };
        Take([Again(3, 4, 5, 20), SequencePart.Whole(rows[2], new[] { 0 }), Again(0, 9, 5, 20), Again(1, 8, 1, 9), Again(4, 0, 2, 6)]);
        foreach (KeyValueCache cache in caches)
            cache.Dispose();
        return results;

        void Take(SequencePart[] parts)
        {
            using NetworkStates states = session.States(parts);
            for (int i = 0; i < states.Count; i++)
            {
                var state = new float[network.Config.EmbeddingSize];
                states.CopyTo(i, state);
                results.Add(state);
            }
            var logits = new float[states.Count][];
            int[] order = [.. Enumerable.Range(0, states.Count).Reverse()];
            session.ReadLogits(states, order, [.. order.Reverse()], 0.7, (i, values) => logits[i] = values.ToArray());
            results.AddRange(logits);
        }
    }
}
