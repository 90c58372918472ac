using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class BatchedDataViewTests
{
    private sealed class Row
    {
        public string Text { get; set; } = "";

        public bool Flag { get; set; }

        public int Number { get; set; }

        public double Real { get; set; }

        public DateTime Date { get; set; }

        public TimeSpan Span { get; set; }

        [KeyType(50)]
        public uint Key { get; set; }

        [VectorType(3)]
        public float[] Fixed { get; set; } = [];

        public string[] Words { get; set; } = [];
    }

    private sealed class Answer
    {
        public string Text { get; set; } = "";

        public int Number { get; set; }

        public int Length { get; set; }

        public string Upper { get; set; } = "";

        [VectorType(2)]
        public float[] Codes { get; set; } = [];

        public uint Parity { get; set; }

        public float Half { get; set; }
    }

    private readonly MLContext _ml = new(7);

    private static Row Make(int i) => new()
    {
        Text = FakeComputation.Name(i),
        Flag = i % 3 == 0,
        Number = i,
        Real = i / 7.0,
        Date = new DateTime(2000, 1, 1).AddDays(i),
        Span = TimeSpan.FromSeconds(i),
        Key = (uint)i,
        Fixed = [i, i + 1, i + 2],
        Words = [.. Enumerable.Range(0, i % 4).Select(w => $"{i}-{w}")],
    };

    private IDataView Rows(int count) => _ml.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(Make).ToList());

    private List<Answer> Read(IDataView view) => [.. _ml.Data.CreateEnumerable<Answer>(view, reuseRowObject: false)];

    private static void AssertRight(IEnumerable<Answer> answers)
    {
        foreach (Answer row in answers)
        {
            FakeComputation.Result expected = FakeComputation.Of(FakeComputation.Name(row.Number));
            Assert.AreEqual((expected.Text, expected.Length, expected.Text.ToUpperInvariant(), (uint)(expected.Length % 2) + 1,
                expected.Length / 2f),
                (row.Text, row.Length, row.Upper, row.Parity, row.Half));
            CollectionAssert.AreEqual(expected.Codes, row.Codes);
        }
    }

    [TestMethod]
    public void TenRowsInBatchesOfFourCostThreeCalls()
    {
        var fake = new FakeComputation(4);
        List<Answer> answers = Read(new FakeTransformer(fake).Transform(Rows(10)));
        CollectionAssert.AreEqual(Enumerable.Range(0, 10).ToArray(), answers.Select(a => a.Number).ToArray());
        AssertRight(answers);
        CollectionAssert.AreEqual(new[] { 4, 4, 2 }, fake.Batches.ToArray());
        CollectionAssert.AreEqual(new (long, long?)[] { (4, 10), (8, 10), (10, 10) }, fake.Reports);
    }

    [TestMethod]
    public void NothingIsComputedUnlessAComputedColumnIsRead()
    {
        var fake = new FakeComputation();
        IDataView view = new FakeTransformer(fake).Transform(Rows(10));
        CollectionAssert.AreEqual(Enumerable.Range(0, 10).ToArray(), view.GetColumn<int>("Number").ToArray());
        Assert.AreEqual(10, view.GetRowCount());
        using (DataViewRowCursor cursor = view.GetRowCursor([view.Schema["Length"]]))
        {
            // Asked for and stepped over, but never read.
            while (cursor.MoveNext())
                Assert.IsTrue(cursor.IsColumnActive(view.Schema["Length"]));
        }
        Assert.AreEqual(0, fake.Batches.Count);
    }

    [TestMethod]
    public void TheSourceIsReadOnceAndItsCursorDisposed()
    {
        var source = new CountingView(Rows(10));
        IDataView view = new FakeTransformer(new FakeComputation()).Transform(source);
        Read(view);
        using (DataViewRowCursor left = view.GetRowCursor(view.Schema))
            Assert.IsTrue(left.MoveNext());
        Assert.AreEqual((2, 2), (source.Opened, source.Disposed));
    }

    [TestMethod]
    public void EveryTypeOfColumnPassesThrough()
    {
        IDataView source = Rows(11), view = new FakeTransformer(new FakeComputation(3)).Transform(source);
        Row[] rows = [.. _ml.Data.CreateEnumerable<Row>(view, reuseRowObject: false)];
        Assert.AreEqual(11, rows.Length);
        using DataViewRowCursor plain = source.GetRowCursor(source.Schema), batched = view.GetRowCursor(view.Schema);
        ValueGetter<VBuffer<ReadOnlyMemory<char>>> words = batched.GetGetter<VBuffer<ReadOnlyMemory<char>>>(view.Schema["Words"]);
        ValueGetter<int> length = batched.GetGetter<int>(view.Schema["Length"]);
        ValueGetter<DataViewRowId> plainId = plain.GetIdGetter(), batchedId = batched.GetIdGetter();
        VBuffer<ReadOnlyMemory<char>> value = default;
        for (int i = 0; i < rows.Length; i++)
        {
            Row expected = Make(i), row = rows[i];
            Assert.AreEqual((expected.Text, expected.Flag, expected.Number, expected.Real, expected.Date, expected.Span),
                (row.Text, row.Flag, row.Number, row.Real, row.Date, row.Span));
            CollectionAssert.AreEqual(expected.Fixed, row.Fixed);
            CollectionAssert.AreEqual(expected.Words, row.Words);
            Assert.IsTrue(plain.MoveNext() && batched.MoveNext());
            words(ref value);
            CollectionAssert.AreEqual(expected.Words, value.DenseValues().Select(w => w.ToString()).ToArray());
            int actual = 0;
            length(ref actual);
            Assert.AreEqual(expected.Text.Length, actual);
            DataViewRowId a = default, b = default;
            plainId(ref a);
            batchedId(ref b);
            Assert.AreEqual((a, (long)i), (b, batched.Position));
        }
        Assert.IsFalse(batched.MoveNext());
        CollectionAssert.AreEqual(source.GetColumn<uint>("Key").ToArray(), view.GetColumn<uint>("Key").ToArray());
    }

    [TestMethod]
    public void ShufflingCachingTakingAndChainsKeepRowsWhole()
    {
        var fake = new FakeComputation(4);
        IDataView view = new FakeTransformer(fake).Transform(Rows(40));
        List<Answer> shuffled = Read(_ml.Data.ShuffleRows(view, seed: 3));
        AssertRight(shuffled);
        CollectionAssert.AreEquivalent(Enumerable.Range(0, 40).ToArray(), shuffled.Select(a => a.Number).ToArray());
        AssertRight(Read(_ml.Data.TakeRows(view, 5)));
        AssertRight(Read(_ml.Data.SkipRows(view, 33)));
        AssertRight(Read(new FakeTransformer(new FakeComputation(7)).Transform(view)));

        fake.Batches.Clear();
        IDataView cached = _ml.Data.Cache(view);
        AssertRight(Read(cached));
        AssertRight(Read(cached));
        Assert.AreEqual(40, fake.Batches.Sum());

        AssertRight(Read(_ml.Transforms.CopyColumns("Again", "Upper").Fit(view).Transform(view)));
    }

    [TestMethod]
    public void TakingAFewRowsComputesOneBatch()
    {
        var fake = new FakeComputation(4);
        Read(_ml.Data.TakeRows(new FakeTransformer(fake).Transform(Rows(40)), 3));
        Assert.AreEqual(4, fake.Batches.Sum());
    }

    [TestMethod]
    public void CancellationStopsBetweenBatches()
    {
        using var source = new CancellationTokenSource();
        var fake = new FakeComputation(4, source.Token);
        var counting = new CountingView(Rows(10));
        IDataView view = new FakeTransformer(fake).Transform(counting);
        using (IEnumerator<int> lengths = view.GetColumn<int>("Length").GetEnumerator())
        {
            for (int i = 0; i < 4; i++)
                Assert.IsTrue(lengths.MoveNext());
            source.Cancel();
            Assert.ThrowsExactly<OperationCanceledException>(() => lengths.MoveNext());
        }
        Assert.AreEqual(1, fake.Batches.Count);
        Assert.AreEqual((1, 1), (counting.Opened, counting.Disposed));
    }

    [TestMethod]
    public void WrongAccessToACursorIsRefused()
    {
        IDataView view = new FakeTransformer(new FakeComputation()).Transform(Rows(3));
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema["Length"], view.Schema["Number"]]);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => cursor.GetGetter<float>(view.Schema["Half"]));
        Assert.ThrowsExactly<InvalidOperationException>(() => cursor.GetGetter<float>(view.Schema["Length"]));
        ValueGetter<int> length = cursor.GetGetter<int>(view.Schema["Length"]);
        int value = 0;
        Assert.ThrowsExactly<InvalidOperationException>(() => length(ref value));
        while (cursor.MoveNext())
            length(ref value);
        Assert.ThrowsExactly<InvalidOperationException>(() => length(ref value));
        Assert.IsFalse(cursor.MoveNext());
    }

    [TestMethod]
    public void AnEmptySourceComputesNothing()
    {
        var fake = new FakeComputation();
        Assert.AreEqual(0, Read(new FakeTransformer(fake).Transform(Rows(0))).Count);
        Assert.AreEqual(0, fake.Batches.Count);
    }
}
