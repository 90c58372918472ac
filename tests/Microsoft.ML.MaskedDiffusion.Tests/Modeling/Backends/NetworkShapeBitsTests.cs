using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// On the kernels of the processor a row of a network of any shape has the same bits alone and in every batch, recorded for a backward pass
/// and not, at all places and at asked ones, and in a session of parts with and without caches.
/// </summary>
[TestClass]
public sealed class NetworkShapeBitsTests
{
    // As the drawn networks, but with more keys than a product takes at a time, of which most are out of reach.
    private static readonly TransformerConfig Long = NetworkShapes.Draw(3) with
    {
        Name = "long",
        LayerCount = 3,
        HasQueryKeyNorm = true,
        ContextLength = 1300,
        LocalAttention = new LocalAttention { Radius = 37, GlobalInterval = 2 },
        Autoregressive = false,
    };

    [TestMethod]
    [DynamicData(nameof(NetworkShapes.Rows), typeof(NetworkShapes))]
    public void ARowHasTheSameBitsEverywhere(int shape, string name)
    {
        using TransformerNetwork network = NetworkShapes.Create(NetworkShapes.All[shape]);
        foreach (Precision precision in Enum.GetValues<Precision>())
        {
            network.Precision = precision;
            Check(network, 1, 5, name);
            // 2,240 tokens: more than go through the blocks together.
            Check(network, 70, 32, name);
        }
    }

    [TestMethod]
    public void ALongRowHasTheSameBitsEverywhere()
    {
        using TransformerNetwork network = NetworkShapes.Create(Long);
        Check(network, 2, 1300, "long");
        Check(network, 3, 700, "not so long");
    }

    [TestMethod]
    public void ALargeVocabularyAndALongContextFit()
    {
        using var scope = NewDisposeScope();
        TransformerConfig config = Long with
        {
            EmbeddingSize = 8,
            VocabularySize = 150_000,
            MaskTokenId = 149_999,
            ContextLength = 8192,
            TiesEmbeddings = true,
            HasPredictionHead = true,
            ShiftsLogits = false,
        };
        using TransformerNetwork network = NetworkShapes.Create(config);
        int[] row = TransformerNetworkTests.Tokens(1, 8192, config);
        long[] places = [0, 4000, 8191], targets = [0, 75_000, 149_999];
        Tensor states = network.HiddenAt(TransformerNetworkTests.Batch([row]), places), losses = network.CrossEntropy(states, targets);
        network.Backward(losses.sum());
        using INetworkSession session = network.OpenSession();
        var part = SequencePart.Whole(row, Array.ConvertAll(places, place => (int)place));
        AssertSame([.. Floats(states).Chunk(8)], network, session, [part], "long");
        var logProbabilities = new double[3];
        network.LogProbabilities(states, null, 0, [0, 1, 2], Array.ConvertAll(targets, target => (int)target), logProbabilities);
        for (int i = 0; i < 3; i++)
            // Log-sums of 150,000 terms in 32 bits.
            Assert.AreEqual(-losses[i].item<float>(), logProbabilities[i], 2e-5);
        foreach ((string name, var parameter) in network.Parameters)
            Assert.IsTrue(parameter.grad!.isfinite().all().item<bool>() && parameter.grad!.abs().max().item<float>() > 0, name);
    }

    [TestMethod]
    public void ALongRowIsTorchsInDoublePrecision()
    {
        using var scope = NewDisposeScope();
        using TransformerNetwork network = NetworkShapes.Create(Long), exact = NetworkShapes.Exact(network);
        TokenRows tokens = NetworkShapes.Tokens(Long, 2, 1300);
        long[] asked = [.. Enumerable.Range(0, 2600).Where(i => i % 7 == 2).Select(i => (long)i)];
        foreach (long[]? places in new[] { null, asked })
        {
            foreach (TransformerNetwork of in new[] { network, exact })
            {
                of.ZeroGradients();
                Tensor states = places is null ? of.Hidden(tokens).view(-1, Long.EmbeddingSize) : of.HiddenAt(tokens, places);
                of.Backward(of.CrossEntropy(states, new long[states.size(0)]).mean());
            }
            foreach ((string name, var parameter) in exact.Parameters)
            {
                Tensor expected = parameter.grad!, off = expected - network.Parameters[name].grad!.to(ScalarType.Float64);
                // 32-bit rounding in sums over 2,600 places.
                Limit.AtMost(
                    1e-4 * (expected * expected).sum().sqrt().item<double>() + 1e-9, (off * off).sum().sqrt().item<double>(), name);
            }
        }
    }

    private static void Check(TransformerNetwork network, int count, int length, string name)
    {
        using var scope = NewDisposeScope();
        TransformerConfig config = network.Config;
        int d = config.EmbeddingSize, each = length * d;
        int[][] rows = [.. Enumerable.Range(0, count).Select(row => TransformerNetworkTests.Tokens((ulong)row, length, config))];
        string what = $"{name}, {network.Precision}, {count} rows of {length}";
        float[] recorded = Floats(network.Hidden(TransformerNetworkTests.Batch(rows)));
        using IDisposable noGradient = no_grad();
        float[] all = Floats(network.Hidden(TransformerNetworkTests.Batch(rows)));
        CollectionAssert.AreEqual(recorded, all, what + ", not recorded");
        foreach ((int first, int some) in new[] { (0, 1), (count - 1, 1), (count / 2, (count + 1) / 2) })
        {
            float[] alone = Floats(network.Hidden(TransformerNetworkTests.Batch(rows[first..(first + some)])));
            CollectionAssert.AreEqual(all[(first * each)..((first + some) * each)], alone, what + $", {some} rows from {first}");
        }
        CheckAskedPlaces(network, rows, all, what);
        CheckSession(network, rows, all, what);
    }

    private static void CheckAskedPlaces(TransformerNetwork network, int[][] rows, float[] all, string what)
    {
        int length = rows[0].Length, d = network.Config.EmbeddingSize;
        long[] every = [.. Enumerable.Range(0, rows.Length * length).Select(i => (long)i)];
        long[] scattered = [.. every.Where(i => i % 5 == 3 && i / length != 1)];
        foreach (long[] places in new[] { every, [0], [every[^1]], scattered, [.. every.Take(2)] })
        {
            float[] expected = [.. places.SelectMany(place => all[(int)(place * d)..(int)((place + 1) * d)])];
            float[] states = places.Length == 0 ? [] : Floats(network.HiddenAt(TransformerNetworkTests.Batch(rows), places));
            CollectionAssert.AreEqual(expected, states, what + $", {places.Length} places");
        }
    }

    // Whole rows with and without caches, some places of each, and then parts of rows that have not changed.
    private static void CheckSession(TransformerNetwork network, int[][] rows, float[] all, string what)
    {
        int length = rows[0].Length, d = network.Config.EmbeddingSize;
        int[] every = [.. Enumerable.Range(0, length)], some = [.. every.Where(i => i % 3 != 1)], window = [.. every.Skip(length / 2)];
        using INetworkSession session = network.OpenSession();
        KeyValueCache?[] caches = [.. rows.Select((_, row) => row % 3 == 1 ? null : session.NewCache(network.Config.ContextLength))];
        float[] State(int row, int place) => all[((row * length + place) * d)..((row * length + place + 1) * d)];
        AssertSame(
            [.. rows.SelectMany((_, row) => some.Select(place => State(row, place)))], network, session,
            [.. rows.Select((row, i) => SequencePart.Whole(row, some, caches[i]))], what + ", whole rows");
        float[] raw = Unshifted(network, rows, all);
        float[] Given(int row, int[] positions, int index)
        {
            bool shifts = network.Config.ShiftsLogits && index > 0 && positions[index - 1] == positions[index] - 1;
            int place = row * length + positions[index] - (shifts ? 1 : 0);
            return raw[(place * d)..((place + 1) * d)];
        }
        foreach (int[] positions in new[] { [length - 1], window, some, every })
        {
            int[] cached = [.. Enumerable.Range(0, rows.Length).Where(row => caches[row] is not null)];
            SequencePart[] parts = [.. cached.Select(row => new SequencePart
            {
                Tokens = Array.ConvertAll(positions, position => rows[row][position]),
                Positions = positions,
                KeyCount = length,
                Cache = caches[row],
                Asked = Enumerable.Range(0, positions.Length).ToArray(),
            })];
            float[][] expected = [.. cached.SelectMany(row => positions.Select((_, index) => Given(row, positions, index)))];
            AssertSame(expected, network, session, parts, what + $", {positions.Length} positions of rows with caches");
        }
        foreach (KeyValueCache? cache in caches)
            cache?.Dispose();
    }

    // Each place's own states.
    private static float[] Unshifted(TransformerNetwork network, int[][] rows, float[] all)
    {
        if (!network.Config.ShiftsLogits)
            return all;
        using var own = new TransformerNetwork(network.Config with { ShiftsLogits = false }, CPU);
        own.CopyFrom(network);
        own.Precision = network.Precision;
        return Floats(own.Hidden(TransformerNetworkTests.Batch(rows)));
    }

    private static void AssertSame(
        float[][] expected, TransformerNetwork network, INetworkSession session, SequencePart[] parts, string what)
    {
        using NetworkStates states = session.States(parts);
        Assert.AreEqual(expected.Length, states.Count, what);
        var actual = new float[session.Config.EmbeddingSize];
        for (int i = 0; i < expected.Length; i++)
        {
            states.CopyTo(i, actual);
            CollectionAssert.AreEqual(expected[i], actual, $"{what}, state {i}");
        }
        using var scope = NewDisposeScope();
        Tensor own = tensor(expected.SelectMany(state => state).ToArray()).view(expected.Length, -1);
        var logits = new float[expected.Length][];
        session.ReadLogits(states, (i, values) => logits[i] = values.ToArray());
        CollectionAssert.AreEqual(Floats(network.Logits(own)), logits.SelectMany(row => row).ToArray(), what + ", logits");
    }

    private static float[] Floats(Tensor values) => values.detach().contiguous().data<float>().ToArray();
}
