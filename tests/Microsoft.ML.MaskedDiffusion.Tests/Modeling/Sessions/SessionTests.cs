using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Backends.Cpu;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class SessionTests
{
    private static readonly TransformerConfig Small = TransformerNetworkTests.Small;
    private static readonly int[] Row = TransformerNetworkTests.Tokens(5, 12, Small);

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void PartsThatDoNotFitAreRefused(bool torchOperators)
    {
        using TransformerNetwork network = new(Small, CPU, torchOperators: torchOperators);
        using INetworkSession session = network.OpenSession(), another = network.OpenSession();
        using KeyValueCache cache = session.NewCache(8), foreign = another.NewCache(8);
        SequencePart Part(int[] tokens, int[] positions, int keyCount, int[] asked, KeyValueCache? own = null) =>
            new() { Tokens = tokens, Positions = positions, KeyCount = keyCount, Asked = asked, Cache = own };
        SequencePart[] wrong =
        [
            Part([], [], 1, []), Part([1, 2], [0], 2, []), Part([1, 20], [0, 1], 2, []), Part([-1], [0], 1, []),
            Part([1, 2], [1, 0], 2, []), Part([1, 2], [0, 0], 2, []), Part([1, 2], [0, 2], 2, []), Part([1, 2], [-1, 0], 2, []),
            Part([1, 2], [0, 1], 3, []), Part([1, 2], [0, 1], 2, [2]), Part([1, 2], [0, 1], 2, [1, 0]), Part([1], [0], 0, []),
            Part(new int[33], [.. Enumerable.Range(0, 33)], 33, []), Part([1], [8], 9, [], cache), Part([1], [0], 1, [], foreign),
        ];
        foreach (SequencePart part in wrong)
            Assert.Throws<ArgumentException>(() => session.States([Part([1], [0], 1, [0]), part]));
        foreach (int capacity in new[] { 0, 33 })
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => session.NewCache(capacity));
        using NetworkStates states = session.States([SequencePart.Whole(Row, new[] { 1, 3 }, null)]);
        foreach ((int[] rows, int[]? others) in new (int[], int[]?)[] { ([2], null), ([-1], null), ([0], [2]), ([0], [0, 1]) })
            Assert.Throws<ArgumentException>(() => session.ReadLogits(states, rows, others, 1, (_, _) => { }));
        session.ReadLogits(states, [], null, 0, (_, _) => Assert.Fail("no row was asked for"));
        using NetworkStates none = session.States([SequencePart.Whole(Row, Array.Empty<int>())]), nobody = session.States([]);
        Assert.AreEqual(0, none.Count + nobody.Count);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void KeysThatWereNeverWrittenCannotBeRead(bool torchOperators)
    {
        using TransformerNetwork network = new(Small, CPU, torchOperators: torchOperators);
        using INetworkSession session = network.OpenSession();
        using KeyValueCache cache = session.NewCache(32), other = session.NewCache(32);
        SequencePart At(KeyValueCache of, int keyCount, params int[] positions) => new()
        { Tokens = positions.Select(i => Row[i]).ToArray(), Positions = positions, KeyCount = keyCount, Cache = of, Asked = new[] { 0 } };
        void Ask(params SequencePart[] parts) => session.States(parts).Dispose();

        Assert.ThrowsExactly<InvalidOperationException>(() => Ask(At(cache, 2, 1)));
        Ask(At(cache, 2, 0, 1));
        Assert.IsTrue(cache.Has(0) && cache.Has(1) && !cache.Has(2));
        Ask(At(cache, 3, 2), At(other, 1, 0));
        // What is not attended need not be there, and what a refused call would have computed stays as it was.
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Ask(At(cache, 3, 1), At(other, 5, 4)));
        StringAssert.Contains(error.Message, "position 1");
        Assert.IsTrue(cache.Has(1) && !other.Has(4));
        Ask(At(cache, 2, 0));
    }

    [TestMethod]
    public void OneCallAtATimeUsesACache()
    {
        using TransformerNetwork network = new(Small, CPU);
        using INetworkSession session = network.OpenSession();
        KeyValueCache cache = session.NewCache(12);
        SequencePart part = SequencePart.Whole(Row, Array.Empty<int>(), cache);
        Assert.ThrowsExactly<InvalidOperationException>(() => session.States([part, part]));
        cache.Enter(session);
        Assert.ThrowsExactly<InvalidOperationException>(() => session.States([part]));
        // A running call keeps its memory.
        cache.Dispose();
        ((KernelCache)cache).Layer(0);
        cache.Exit();
        Assert.ThrowsExactly<ObjectDisposedException>(() => ((KernelCache)cache).Layer(0));
        Assert.ThrowsExactly<ObjectDisposedException>(() => session.States([part]));
        cache.Dispose();
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void ADisposedSessionIsRefusedAndADisposedNetworkLivesAsLongAsItsSessions(bool torchOperators)
    {
        TransformerNetwork network = new(Small, CPU, torchOperators: torchOperators);
        network.Initialize(1);
        INetworkSession session = network.OpenSession();
        KeyValueCache cache = session.NewCache(12);
        network.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(network.OpenSession);
        NetworkStates states = session.States([SequencePart.Whole(Row, new[] { 11 }, cache)]);
        var logits = new float[Small.VocabularySize];
        // A session that is disposed while it computes does so first.
        session.ReadLogits(states, (_, values) =>
        {
            session.Dispose();
            values.CopyTo(logits);
        });
        Assert.IsTrue(logits.Any(value => value != 0));
        var error = Assert.ThrowsExactly<ObjectDisposedException>(() => session.States([]));
        StringAssert.Contains(error.Message, "session");
        Assert.ThrowsExactly<ObjectDisposedException>(() => session.NewCache(3));
        Assert.ThrowsExactly<ObjectDisposedException>(() => session.ReadLogits(states, (_, _) => { }));
        // What it gave out may be disposed after it.
        states.Dispose();
        cache.Dispose();
        session.Dispose();
    }

    [TestMethod]
    public void AReadersErrorReachesTheCallerAndTheSessionGoesOn()
    {
        using TransformerNetwork network = new(Small, CPU);
        using INetworkSession session = network.OpenSession();
        using NetworkStates states = session.States([SequencePart.Whole(Row, Enumerable.Range(0, 12).ToArray())]);
        var error = Assert.ThrowsExactly<NotSupportedException>(
            () => session.ReadLogits(states, (i, _) => throw new NotSupportedException("row")));
        Assert.AreEqual("row", error.Message);
        int seen = 0;
        session.ReadLogits(states, (_, _) => Interlocked.Increment(ref seen));
        Assert.AreEqual(12, seen);
    }

    [TestMethod]
    public void ManyThreadsWithCachesOfTheirOwnGetTheSameBits()
    {
        using TransformerNetwork network = TransformerNetworkTests.Sharp(Small, ScalarType.Float32);
        using INetworkSession session = network.OpenSession();
        float[] Run(int stream)
        {
            int[] row = TransformerNetworkTests.Tokens((ulong)stream, 20, Small);
            using KeyValueCache cache = session.NewCache(20);
            session.States([SequencePart.Whole(row, Array.Empty<int>(), cache)]).Dispose();
            row[7] = row[9] = 3;
            int[] positions = [.. Enumerable.Range(5, 6)];
            using NetworkStates states = session.States([new SequencePart
            { Tokens = row.AsMemory(5, 6), Positions = positions, KeyCount = 20, Cache = cache, Asked = new[] { 2 } }]);
            var logits = new float[Small.VocabularySize];
            session.ReadLogits(states, (_, values) => values.CopyTo(logits));
            return logits;
        }
        float[][] alone = [.. Enumerable.Range(0, 8).Select(Run)];
        Parallel.For(0, 64, i => CollectionAssert.AreEqual(alone[i % 8], Run(i % 8)));
    }

    [TestMethod]
    [DoNotParallelize]
    [DataRow(false)]
    [DataRow(true)]
    public void SessionsLeaveNothingBehind(bool torchOperators)
    {
        using TransformerNetwork network = new(Small, CPU, torchOperators: torchOperators);
        network.Initialize(1);
        using INetworkSession session = network.OpenSession();
        void Ask(INetworkSession of)
        {
            using KeyValueCache cache = of.NewCache(12);
            using NetworkStates states = of.States([SequencePart.Whole(Row, new[] { 1, 5 }, cache), SequencePart.Whole(Row, new[] { 3 })]);
            of.ReadLogits(states, [0, 2], [1, 1], 0.5, (_, _) => { });
        }
        void OpenAndAsk()
        {
            using INetworkSession own = network.OpenSession();
            Ask(own);
        }
        Ask(session);
        OpenAndAsk();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long tensors = Tensor.TotalCount, kept = (session as KernelSession)?.KeptCount ?? 0;
        for (int i = 0; i < 20; i++)
        {
            Ask(session);
            OpenAndAsk();
        }
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.AreEqual(tensors, Tensor.TotalCount);
        Assert.AreEqual(kept, (session as KernelSession)?.KeptCount ?? 0);
        if (session is not KernelSession kernels)
            return;
        session.Dispose();
        Assert.AreEqual(0, kernels.KeptCount);
    }
}
