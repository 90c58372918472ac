using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Backends;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>On the kernels of the processor a session's states and logits have the bits of the network's own.</summary>
[TestClass]
public sealed class SessionBitsTests
{
    private static readonly TransformerConfig Small = TransformerNetworkTests.Small;

    [TestMethod]
    [DataRow(false, 24, 2, 2, Precision.Float32)]
    [DataRow(true, 24, 2, 2, Precision.Float32)]
    [DataRow(false, 24, 2, 1, Precision.Float32)]
    [DataRow(false, 6, 1, 2, Precision.Float32)]
    [DataRow(true, 80, 1, 3, Precision.Float32)]
    [DataRow(false, 24, 2, 2, Precision.BFloat16Mixed)]
    public void RowsOfAllLengthsHaveTheBitsThatTheyHaveAlone(bool autoregressive, int width, int heads, int layers, Precision precision)
    {
        TransformerConfig config = Small with
        { Autoregressive = autoregressive, EmbeddingSize = width, HeadCount = heads, LayerCount = layers };
        using TransformerNetwork network = TransformerNetworkTests.Sharp(config, ScalarType.Float32);
        network.Precision = precision;
        using INetworkSession session = network.OpenSession();
        var random = new CounterRandom(21, 1, RandomPurpose.Example);
        // 150 rows have more tokens than go through a block together: each thread then works on some of its own.
        foreach (int count in new[] { 1, 3, 150 })
        {
            SequencePart[] parts = [.. Enumerable.Range(0, count).Select(i => Row(config, ref random, (ulong)i))];
            float[][] expected = [.. parts.SelectMany(part => Alone(network, part))];
            AssertSame(expected, session, parts, $"{count} rows");
            // Within a piece of work of the threads there are no other threads.
            Workers.Run(2, _ => AssertSame(expected, session, parts, $"{count} rows on one thread"));
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(7)]
    [DataRow(40)]
    public void AutoregressiveRowsThatGrowHaveTheBitsOfWholeRows(int step)
    {
        // More keys than a product takes at a time.
        TransformerConfig config = Small with { Autoregressive = true, ContextLength = 600 };
        using TransformerNetwork network = TransformerNetworkTests.Sharp(config, ScalarType.Float32);
        using INetworkSession session = network.OpenSession();
        int[] lengths = [600, 33, 570], prefixes = [480, 1, 530];
        int[][] rows = [.. lengths.Select((length, i) => TransformerNetworkTests.Tokens((ulong)i, length, config))];
        float[][][] expected = [.. rows.Select(row => Alone(network, SequencePart.Whole(row, Enumerable.Range(0, row.Length).ToArray())))];
        KeyValueCache[] caches = [.. lengths.Select(session.NewCache)];
        int[] done = new int[rows.Length];
        while (done.Index().Any(row => row.Item < lengths[row.Index]))
        {
            // Rows of which not even the last state is asked still fill their caches.
            int[] live = [.. Enumerable.Range(0, rows.Length).Where(i => done[i] < lengths[i])];
            int[] ends = [.. live.Select(i => done[i] == 0 ? prefixes[i] : Math.Min(lengths[i], done[i] + step))];
            SequencePart[] parts = [.. live.Zip(ends, (i, end) => new SequencePart
            {
                Tokens = rows[i].AsMemory(done[i], end - done[i]),
                Positions = Enumerable.Range(done[i], end - done[i]).ToArray(),
                KeyCount = end,
                Cache = caches[i],
                Asked = done[i] == 0 ? Array.Empty<int>() : Enumerable.Range(0, end - done[i]).ToArray(),
            })];
            float[][] states = live.Zip(ends).SelectMany(
                item => done[item.First] == 0 ? [] : expected[item.First][done[item.First]..item.Second]).ToArray();
            AssertSame(states, session, parts, $"from {string.Join(", ", done)}");
            for (int i = 0; i < live.Length; i++)
                done[live[i]] = ends[i];
        }
        foreach (KeyValueCache cache in caches)
            cache.Dispose();
    }

    [TestMethod]
    public void PlacesOfARowThatHasNotChangedHaveTheBitsOfTheWholeRow()
    {
        using TransformerNetwork network = TransformerNetworkTests.Sharp(Small with { ContextLength = 64 }, ScalarType.Float32);
        using INetworkSession session = network.OpenSession();
        int[] row = TransformerNetworkTests.Tokens(5, 50, Small), all = [.. Enumerable.Range(0, 50)];
        float[][] expected = Alone(network, SequencePart.Whole(row, all));
        using KeyValueCache cache = session.NewCache(64);
        AssertSame(expected, session, [SequencePart.Whole(row, all, cache)], "written");
        int[][] choices = [[49], [0, 1, 2], [.. all[16..48]], [.. all.Where(i => i % 3 == 1)], all];
        foreach (int[] positions in choices)
        {
            var part = new SequencePart
            {
                Tokens = Array.ConvertAll(positions, i => row[i]),
                Positions = positions,
                KeyCount = 50,
                Cache = cache,
                Asked = Enumerable.Range(0, positions.Length).ToArray(),
            };
            AssertSame([.. positions.Select(i => expected[i])], session, [part], $"{positions.Length} positions");
        }
    }

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(0.8)]
    public void LogitsHaveTheBitsOfTheNetworks(double scale)
    {
        using var scope = NewDisposeScope();
        using TransformerNetwork network = TransformerNetworkTests.Sharp(Small with { VocabularySize = 1003 }, ScalarType.Float32);
        using INetworkSession session = network.OpenSession();
        int[] row = TransformerNetworkTests.Tokens(5, 30, Small), other = TransformerNetworkTests.Tokens(6, 30, Small);
        int[] all = [.. Enumerable.Range(0, 30)];
        using NetworkStates states = session.States([SequencePart.Whole(row, all), SequencePart.Whole(other, all)]);
        Tensor hidden = network.HiddenAt(TransformerNetworkTests.Batch([row, other]), [.. Enumerable.Range(0, 60).Select(i => (long)i)]);
        Tensor logits = network.Logits(hidden);
        foreach (int[] rows in new[] { all, [.. all.Reverse()], [7], [3, 3, 59] })
        {
            int[] others = [.. rows.Select(i => (i + 30) % 60)];
            Tensor expected = logits.index_select(0, tensor(Array.ConvertAll(rows, i => (long)i)));
            if (scale != 0)
                expected = LogitGuidance.Combine(
                    expected, logits.index_select(0, tensor(Array.ConvertAll(others, i => (long)i))), scale);
            var actual = new float[rows.Length][];
            session.ReadLogits(states, rows, others, scale, (i, values) => actual[i] = values.ToArray());
            CollectionAssert.AreEqual(expected.data<float>().ToArray(), actual.SelectMany(values => values).ToArray());
        }
    }

    /// <summary>A row of random length with random asked places.</summary>
    private static SequencePart Row(TransformerConfig config, ref CounterRandom random, ulong stream)
    {
        int length = 1 + random.NextInt32(config.ContextLength);
        var asked = new List<int>();
        int share = 1 + random.NextInt32(4);
        for (int i = random.NextInt32(share); i < length; i += 1 + random.NextInt32(share))
            asked.Add(i);
        return SequencePart.Whole(TransformerNetworkTests.Tokens(stream, length, config), asked.ToArray());
    }

    /// <summary>The asked states of a row that is computed alone, without a session.</summary>
    private static float[][] Alone(TransformerNetwork network, SequencePart part)
    {
        using var scope = NewDisposeScope();
        if (part.Asked.IsEmpty)
            return [];
        long[] places = [.. part.Asked.ToArray().Select(i => (long)i)];
        Tensor states = network.HiddenAt(TransformerNetworkTests.Batch([part.Tokens.ToArray()]), places);
        return [.. states.data<float>().ToArray().Chunk(network.Config.EmbeddingSize)];
    }

    private static void AssertSame(float[][] expected, INetworkSession session, SequencePart[] parts, string what)
    {
        using NetworkStates states = session.States(parts);
        Assert.AreEqual(expected.Length, states.Count, what);
        var actual = new float[session.Config.EmbeddingSize];
        for (int i = 0; i < expected.Length; i++)
        {
            states.CopyTo(i, actual);
            CollectionAssert.AreEqual(expected[i], actual, $"{what}, state {i}");
        }
    }
}
