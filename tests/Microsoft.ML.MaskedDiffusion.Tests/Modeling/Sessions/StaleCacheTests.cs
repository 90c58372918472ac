using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// What is computed with keys and values of a row as it was before is what the definition gives with the same old keys and values, in plain
/// loops of double precision.
/// </summary>
[TestClass]
public sealed class StaleCacheTests
{
    private const int Length = 44;

    [TestMethod]
    [DataRow(ScalarType.Float32, false, 2e-5)]
    [DataRow(ScalarType.Float32, true, 2e-5)]
    [DataRow(ScalarType.Float64, true, 1e-11)]
    public void StatesAreThoseOfTheSameOldKeysAndValues(ScalarType type, bool torchOperators, double tolerance)
    {
        foreach (bool autoregressive in new[] { false, true })
        {
            using var scope = NewDisposeScope();
            using TransformerNetwork recorded = Golden.Tiny(autoregressive: autoregressive);
            using TransformerNetwork network = new(recorded.Config, CPU, type, torchOperators);
            network.CopyFrom(recorded);
            var reference = new ReferenceNetwork(network.Config, network.Parameters.ToDictionary(
                parameter => parameter.Key, parameter => parameter.Value.detach().to(ScalarType.Float64).data<double>().ToArray()));
            using INetworkSession session = network.OpenSession();
            Run(session, reference, tolerance);
        }
    }

    // Three rows at once, of which each step computes other positions, after tokens have changed there.
    private static void Run(INetworkSession session, ReferenceNetwork reference, double tolerance)
    {
        var random = new CounterRandom(31, 1, RandomPurpose.Example);
        int[] range = [.. Enumerable.Range(0, Length)];
        int[][] rows = [.. Enumerable.Range(0, 3).Select(i => TransformerNetworkTests.Tokens((ulong)i, Length, session.Config))];
        KeyValueCache[] caches = [.. rows.Select(_ => session.NewCache(Length))];
        var old = rows.Select(_ => reference.NewCache(Length)).ToArray();
        (int[] Positions, int KeyCount)[][] steps =
        [
            // The prompt alone, then all of the row.
            [(range[..12], 12), (range[..20], 20), (range, Length)],
            [(range[12..], Length), (range[20..], Length), (range[20..30], Length)],
            // A block within the row, between old keys on both sides; and one that does not see what comes after it.
            [(range[12..20], Length), (range[20..28], 28), (range[..1], Length)],
            [(range[12..20], Length), (range[40..], Length), (range[30..31], Length)],
            // Positions here and there.
            [([1, 13, 14, 40], Length), ([.. range.Where(i => i % 5 == 2)], Length), ([0, Length - 1], Length)],
        ];
        foreach ((int[] Positions, int KeyCount)[] step in steps)
        {
            SequencePart[] parts = [.. step.Select((item, i) => new SequencePart
            {
                Tokens = Array.ConvertAll(item.Positions, position => rows[i][position]),
                Positions = item.Positions,
                KeyCount = item.KeyCount,
                Cache = caches[i],
                Asked = Enumerable.Range(0, item.Positions.Length).Where(place => place % 3 != 1).ToArray(),
            })];
            using NetworkStates states = session.States(parts);
            int at = 0;
            for (int i = 0; i < parts.Length; i++)
            {
                double[][] expected = reference.Hidden(parts[i].Tokens.ToArray(), step[i].Positions, step[i].KeyCount, old[i]);
                foreach (int place in parts[i].Asked.ToArray())
                    AssertClose(expected[place], states, at++, tolerance);
                foreach (int position in step[i].Positions)
                    rows[i][position] = random.NextInt32(session.Config.VocabularySize);
            }
            Assert.AreEqual(at, states.Count);
        }
        foreach (KeyValueCache cache in caches)
            cache.Dispose();
    }

    // States have deviations near 1.
    private static void AssertClose(double[] expected, NetworkStates states, int row, double tolerance)
    {
        double[] actual = new double[expected.Length];
        if (states is Modeling.Backends.Torch.TorchStates { Tensor: { dtype: ScalarType.Float64 } exact })
            exact.data<double>().ToArray().AsSpan(row * expected.Length, expected.Length).CopyTo(actual);
        else
        {
            var values = new float[expected.Length];
            states.CopyTo(row, values);
            actual = Array.ConvertAll(values, value => (double)value);
        }
        for (int i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], actual[i], tolerance, $"state {row}");
    }
}
