using Microsoft.ML;
using Microsoft.ML.Data;

namespace StandIns.Tests.DataViews;

[TestClass]
public sealed class RowOperationTests
{
    private readonly MLContext _ml = new(seed: 3);

    public sealed class Row
    {
        public int Id { get; set; }

        public string Group { get; set; } = "";

        [VectorType]
        public float[] Values { get; set; } = [];
    }

    [TestMethod]
    public void SkippingAndTakingCutTheView()
    {
        var view = Rows(10);
        CollectionAssert.AreEqual(new[] { 7, 8, 9 }, Ids(_ml.Data.SkipRows(view, 7)));
        CollectionAssert.AreEqual(new[] { 0, 1 }, Ids(_ml.Data.TakeRows(view, 2)));
        CollectionAssert.AreEqual(new[] { 2, 3 }, Ids(_ml.Data.TakeRows(_ml.Data.SkipRows(view, 2), 2)));
        Assert.IsEmpty(Ids(_ml.Data.SkipRows(view, 11)));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Data.TakeRows(view, 0));
    }

    [TestMethod]
    [DataRow(1000, 50)]
    [DataRow(7, 50)]
    [DataRow(1, 5)]
    public void ShufflingKeepsEveryRowWhole(int pool, int count)
    {
        var shuffled = _ml.Data.ShuffleRows(Rows(count), seed: 5, shufflePoolSize: pool);
        var rows = _ml.Data.CreateEnumerable<Row>(shuffled, false).ToArray();
        CollectionAssert.AreEquivalent(Enumerable.Range(0, count).ToArray(), rows.Select(r => r.Id).ToArray());
        foreach (var row in rows)
            CollectionAssert.AreEqual(Enumerable.Repeat((float)row.Id, row.Id % 3).ToArray(), row.Values);
    }

    [TestMethod]
    public void ShufflingFollowsItsSeed()
    {
        var view = Rows(100);
        var first = _ml.Data.ShuffleRows(view, seed: 5);
        CollectionAssert.AreEqual(Ids(first), Ids(first));
        CollectionAssert.AreEqual(Ids(first), Ids(new MLContext(9).Data.ShuffleRows(view, seed: 5)));
        CollectionAssert.AreNotEqual(Ids(first), Ids(_ml.Data.ShuffleRows(view, seed: 6)));
        CollectionAssert.AreNotEqual(Ids(view), Ids(first));
        CollectionAssert.AreEqual(Ids(new MLContext(4).Data.ShuffleRows(view)), Ids(new MLContext(4).Data.ShuffleRows(view)));
    }

    [TestMethod]
    public void RowsKeepTheirIdsWhenShuffled()
    {
        var view = Rows(20);
        var ids = IdsOfRows(view);
        foreach (var (row, id) in IdsOfRows(_ml.Data.ShuffleRows(view, seed: 2)))
            Assert.AreEqual(ids[row], id);
    }

    [TestMethod]
    public void ASplitIsDisjointAndComplete()
    {
        var view = Rows(2000);
        var split = _ml.Data.TrainTestSplit(view, testFraction: 0.25, seed: 7);
        int[] train = Ids(split.TrainSet), test = Ids(split.TestSet);
        CollectionAssert.AreEquivalent(Ids(view), train.Concat(test).ToArray());
        CollectionAssert.AreEqual(test, Ids(split.TestSet));
        CollectionAssert.AreEqual(train.Order().ToArray(), train);
        // Binomial with 2000 draws at 0.25: 500, standard deviation 19; six of them.
        Assert.AreEqual(500, test.Length, 116);
        Assert.AreEqual(view.Schema.Count, split.TrainSet.Schema.Count);
    }

    [TestMethod]
    public void ASplitWithoutASeedIsTheSameEveryTime()
    {
        var view = Rows(100);
        CollectionAssert.AreEqual(Ids(_ml.Data.TrainTestSplit(view, 0.5).TestSet), Ids(new MLContext(3).Data.TrainTestSplit(view, 0.5).TestSet));
        CollectionAssert.AreNotEqual(Ids(_ml.Data.TrainTestSplit(view, 0.5, seed: 1).TestSet), Ids(_ml.Data.TrainTestSplit(view, 0.5, seed: 2).TestSet));
    }

    [TestMethod]
    public void RowsWithOneSamplingKeyStayTogether()
    {
        var split = _ml.Data.TrainTestSplit(Rows(300), 0.4, samplingKeyColumnName: "Group");
        var train = split.TrainSet.GetColumn<string>("Group").ToHashSet();
        var test = split.TestSet.GetColumn<string>("Group").ToHashSet();
        Assert.IsFalse(train.Overlaps(test));
        Assert.AreEqual(300, Ids(split.TrainSet).Length + Ids(split.TestSet).Length);
        Assert.IsNotEmpty(train);
        Assert.IsNotEmpty(test);
    }

    [TestMethod]
    public void FractionsOutsideOfZeroToOneAreRefused()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Data.TrainTestSplit(Rows(3), 1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Data.TrainTestSplit(Rows(3), 0));
    }

    [TestMethod]
    public void EveryRowIsTestedInOneFold()
    {
        var view = Rows(200);
        var folds = _ml.Data.CrossValidationSplit(view, numberOfFolds: 4, seed: 1);
        Assert.HasCount(4, folds);
        CollectionAssert.AreEquivalent(Ids(view), folds.SelectMany(f => Ids(f.TestSet)).ToArray());
        foreach (var fold in folds)
            CollectionAssert.AreEquivalent(Ids(view), Ids(fold.TrainSet).Concat(Ids(fold.TestSet)).ToArray());
    }

    [TestMethod]
    public void ACacheReadsItsSourceOnce()
    {
        var passes = 0;
        IEnumerable<Row> Source()
        {
            passes++;
            for (var i = 0; i < 5; i++)
                yield return new Row { Id = i, Values = [i] };
        }

        var cached = _ml.Data.Cache(_ml.Data.LoadFromEnumerable(Source()), "Id", "Values");
        CollectionAssert.AreEqual(new[] { 0, 1, 2, 3, 4 }, Ids(cached));
        CollectionAssert.AreEqual(new[] { 4f }, cached.GetColumn<float[]>("Values").Last());
        Assert.AreEqual(1, passes);
        Assert.IsTrue(cached.CanShuffle);
        using var cursor = cached.GetRowCursor(cached.Schema.Where(c => c.Name == "Id"), new Random(1));
        var id = cursor.GetGetter<int>(cached.Schema["Id"]);
        var seen = new List<int>();
        while (cursor.MoveNext())
        {
            var value = 0;
            id(ref value);
            seen.Add(value);
        }
        CollectionAssert.AreEquivalent(new[] { 0, 1, 2, 3, 4 }, seen);
    }

    private IDataView Rows(int count) => _ml.Data.LoadFromEnumerable(Enumerable.Range(0, count)
        .Select(i => new Row { Id = i, Group = "g" + i % 10, Values = Enumerable.Repeat((float)i, i % 3).ToArray() }).ToArray());

    private static int[] Ids(IDataView view) => view.GetColumn<int>("Id").ToArray();

    private static Dictionary<int, DataViewRowId> IdsOfRows(IDataView view)
    {
        using var cursor = view.GetRowCursor([view.Schema["Id"]]);
        var row = cursor.GetGetter<int>(view.Schema["Id"]);
        var id = cursor.GetIdGetter();
        var ids = new Dictionary<int, DataViewRowId>();
        while (cursor.MoveNext())
        {
            var number = 0;
            DataViewRowId value = default;
            row(ref number);
            id(ref value);
            ids.Add(number, value);
        }
        return ids;
    }
}
