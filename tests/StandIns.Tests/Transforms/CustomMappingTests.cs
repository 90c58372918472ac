using System.Collections.Concurrent;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace StandIns.Tests.Transforms;

[TestClass]
public sealed class CustomMappingTests
{
    private const string Contract = "StandIns.Tests.Doubled";

    private readonly MLContext _ml = new(1);

    private IDataView Rows(int count = 3) =>
        _ml.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(i => new Input { X = i, Words = ["w" + i, "z"], Name = "n" + i, Note = ("m" + i).AsMemory() }));

    [TestMethod]
    public void AllKindsOfMembers_GoInAndOut()
    {
        var view = _ml.Transforms.CustomMapping<Input, Output>(Double, null).Fit(Rows()).Transform(Rows());
        var last = _ml.Data.CreateEnumerable<Output>(view, reuseRowObject: false).Last();
        Assert.AreEqual(4f, last.Twice);
        CollectionAssert.AreEqual(new[] { 2f, 2f }, last.Pair.DenseValues().ToArray());
        Assert.AreEqual("n2 w2 m2", last.Text);
        CollectionAssert.AreEqual(new[] { "z", "w2" }, last.Reversed);
    }

    [TestMethod]
    public void Rows_KeepTheirOrder_ThoughSeveralThreadsMapThem()
    {
        const int count = 1000;
        var threads = new ConcurrentDictionary<int, bool>();
        using var both = new CountdownEvent(2);
        var mapping = _ml.Transforms.CustomMapping<Input, Output>((source, target) =>
        {
            // The first two threads wait for each other, so that neither does all the work.
            if (threads.TryAdd(Environment.CurrentManagedThreadId, true) && threads.Count <= 2)
            {
                both.Signal();
                both.Wait(TimeSpan.FromSeconds(30));
            }
            Double(source, target);
        }, null);
        var twice = mapping.Fit(Rows(count)).Transform(Rows(count)).GetColumn<float>("Twice").ToArray();
        CollectionAssert.AreEqual(Enumerable.Range(0, count).Select(i => 2f * i).ToArray(), twice);
        Assert.IsTrue(threads.Count >= 2, "mapped on one thread only");
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void OtherColumns_StayWithTheirRow_ShuffledOrCached(bool cached)
    {
        var view = _ml.Transforms.CustomMapping<Input, Output>(Double, null).Fit(Rows()).Transform(_ml.Data.ShuffleRows(_ml.Data.Cache(Rows(300)), seed: 3));
        if (cached) view = _ml.Data.Cache(view);
        int[] order = [.. view.GetColumn<float>("X").Select(x => (int)x)];
        CollectionAssert.AreEquivalent(Enumerable.Range(0, 300).ToArray(), order);
        using var cursor = view.GetRowCursor(view.Schema);
        var getName = cursor.GetGetter<ReadOnlyMemory<char>>(view.Schema["Name"]);
        var getTwice = cursor.GetGetter<float>(view.Schema["Twice"]);
        var getWords = cursor.GetGetter<VBuffer<ReadOnlyMemory<char>>>(view.Schema["Reversed"]);
        ReadOnlyMemory<char> name = default;
        VBuffer<ReadOnlyMemory<char>> words = default;
        float twice = 0;
        int rows = 0;
        while (cursor.MoveNext())
        {
            getName(ref name);
            getTwice(ref twice);
            getWords(ref words);
            Assert.AreEqual("n" + twice / 2, name.ToString());
            Assert.AreEqual("w" + twice / 2, words.GetValues()[1].ToString());
            rows++;
        }
        Assert.AreEqual(300, rows);
    }

    [TestMethod]
    public void NothingIsMapped_WhereNoOutputIsAskedFor()
    {
        int calls = 0;
        var view = _ml.Transforms.CustomMapping<Input, Output>((_, _) => Interlocked.Increment(ref calls), null).Fit(Rows()).Transform(Rows());
        Assert.AreEqual(3, view.GetColumn<float>("X").Count());
        Assert.AreEqual(0, calls);
    }

    [TestMethod]
    public void ARow_IsMappedOnce_HoweverManyOutputsAreRead()
    {
        int calls = 0;
        var view = _ml.Transforms.CustomMapping<Input, Output>((source, target) =>
        {
            Interlocked.Increment(ref calls);
            Double(source, target);
        }, null).Fit(Rows()).Transform(Rows());
        Assert.AreEqual(3, _ml.Data.CreateEnumerable<Output>(view, reuseRowObject: false).Count());
        Assert.AreEqual(3, calls);
    }

    [TestMethod]
    public void ErrorsInTheMapping_ReachTheReader()
    {
        var view = _ml.Transforms.CustomMapping<Input, Output>((_, _) => throw new FormatException("bad row"), null).Fit(Rows()).Transform(Rows());
        Exception? error = null;
        try
        {
            _ = view.GetColumn<float>("Twice").Count();
        }
        catch (Exception e)
        {
            error = e.GetBaseException();
        }
        Assert.IsInstanceOfType<FormatException>(error);
    }

    [TestMethod]
    public void AMissingInput_IsRefused()
    {
        var empty = _ml.Data.LoadFromEnumerable([new Other()]);
        Exception? error = null;
        try
        {
            _ml.Transforms.CustomMapping<Input, Output>(Double, null).Append(_ml.Transforms.CopyColumns("C", "Twice")).Fit(empty);
        }
        catch (Exception e)
        {
            error = e;
        }
        Assert.IsNotNull(error);
    }

    [TestMethod]
    public void WithoutAContract_ItCannotBeSaved()
    {
        var model = _ml.Transforms.CustomMapping<Input, Output>(Double, null).Fit(Rows());
        Assert.ThrowsExactly<InvalidOperationException>(() => _ml.Model.Save(model, Rows().Schema, new MemoryStream()));
    }

    [TestMethod]
    public void WithAContract_AFreshContextLoadsIt_WithoutRegistering()
    {
        var model = _ml.Transforms.CustomMapping<Input, Output>(Double, Contract).Fit(Rows());
        using var stream = new MemoryStream();
        _ml.Model.Save(model, Rows().Schema, stream);
        var loaded = new MLContext().Model.Load(stream, out var schema);
        Assert.AreEqual(TextDataViewType.Instance, schema["Name"].Type);
        CollectionAssert.AreEqual(new[] { 0f, 2f, 4f }, loaded.Transform(Rows()).GetColumn<float>("Twice").ToArray());
    }

    [TestMethod]
    public void FilterByCustomPredicate_LeavesOutWhereTrue()
    {
        var view = _ml.Data.FilterByCustomPredicate<Input>(Rows(6), row => row.X % 2 == 0);
        CollectionAssert.AreEqual(new[] { 1f, 3f, 5f }, view.GetColumn<float>("X").ToArray());
    }

    private static void Double(Input source, Output target)
    {
        target.Twice = 2 * source.X;
        target.Pair = new VBuffer<float>(2, [source.X, source.X]);
        target.Text = $"{source.Name} {source.Words[0]} {source.Note}";
        target.Reversed = [source.Words[1], source.Words[0]];
    }

    [CustomMappingFactoryAttribute(Contract)]
    internal sealed class Factory : CustomMappingFactory<Input, Output>
    {
        public override Action<Input, Output> GetMapping() => Double;
    }

    internal sealed class Input
    {
        public float X { get; set; }

        public string[] Words { get; set; } = [];

        public string Name { get; set; } = "";

        public ReadOnlyMemory<char> Note { get; set; }
    }

    internal sealed class Output
    {
        public float Twice { get; set; }

        [VectorType(2)]
        public VBuffer<float> Pair { get; set; }

        public string Text { get; set; } = "";

        public string[] Reversed { get; set; } = [];
    }

    private sealed class Other
    {
        public float Y { get; set; }
    }
}
