using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// What every transform computes, and when: nothing that is not asked for, whole batches of what is, and the same values however its rows
/// are read.
/// </summary>
[TestClass]
public sealed class LazinessTests
{
    private const int BatchSize = 4, RowCount = 10;

    private readonly MLContext _ml = new(1);

    [TestMethod]
    [DynamicData(nameof(Components.All), typeof(Components))]
    public void NobodyAsksTheNetworkForOtherColumns(string name)
    {
        MaskedDiffusionModel model = Components.Model(name);
        IDataView rows = Components.View(RowCount);
        ModelTransformer transformer = Components.Estimator(_ml, name, model).Fit(rows);
        IDataView view = transformer.Transform(rows);
        DataViewSchema.Column[] passed = [.. rows.Schema.Select(column => view.Schema[column.Index])];
        string[] expected = ViewText.Rows(rows, rows.Schema);
        // Any use of the network throws now.
        model.Dispose();
        transformer.Model.Dispose();
        CollectionAssert.AreEqual(expected, ViewText.Rows(view, passed));
        Assert.AreEqual(RowCount, view.GetRowCount());
        using (DataViewRowCursor cursor = view.GetRowCursor(view.Schema))
            CollectionAssert.AreEqual(expected, ViewText.Rows(cursor, passed), "the added columns are asked for and not read");
        if (Components.MapsRows(name))
        {
            IRowToRowMapper mapper = ((ITransformer)transformer).GetRowToRowMapper(rows.Schema);
            using DataViewRowCursor cursor = rows.GetRowCursor(rows.Schema);
            using DataViewRow row = mapper.GetRow(cursor, passed);
            Assert.IsTrue(cursor.MoveNext());
            Assert.IsNotEmpty(ViewText.Reader(row, passed[0])());
        }
        Unwrapped.Throws<ObjectDisposedException>(() => Components.Values(view));
    }

    [TestMethod]
    [DynamicData(nameof(Components.AllOfModels), typeof(Components))]
    public void RowsCostABatchForEachBatchSizeOfThem(string name)
    {
        using MaskedDiffusionModel model = Components.Model(name);
        var progress = new Collected<ScoringProgress>();
        IDataView rows = Components.View(RowCount);
        IDataView view = Components.Estimator(_ml, name, model, BatchSize, progress).Fit(rows).Transform(rows);
        string[] expected = Components.Values(view);
        CollectionAssert.AreEqual(new long[] { 4, 8, 10 }, progress.Reports.Select(report => report.RowCount).ToArray());
        progress.Reports.Clear();

        DataViewSchema.Column first = view.Schema[rows.Schema.Count];
        Assert.HasCount(3, ViewText.Rows(_ml.Data.TakeRows(view, 3), [first]));
        Assert.HasCount(1, progress.Reports, "a few rows cost their batch alone");
        progress.Reports.Clear();

        IDataView kept = _ml.Data.FilterByCustomPredicate(rows, (FixtureRow row) => row.Group is "1" or "2");
        IDataView few = Components.Estimator(_ml, name, model, BatchSize, progress).Fit(kept).Transform(kept);
        Assert.HasCount(6, ViewText.Rows(few, [few.Schema[first.Name]]), "the predicate says which rows go");
        CollectionAssert.AreEqual(new long[] { 4, 6 }, progress.Reports.Select(report => report.RowCount).ToArray());
        progress.Reports.Clear();

        IDataView cached = _ml.Data.Cache(view);
        CollectionAssert.AreEqual(expected, Components.Values(cached));
        CollectionAssert.AreEqual(expected, Components.Values(cached));
        Assert.AreEqual(RowCount, progress.Reports[^1].RowCount);
        int columns = view.Schema.Count(column => !column.IsHidden) - rows.Schema.Count;
        Limit.AtMost(3 * columns, progress.Reports.Count, "a cache computes no column twice");
    }

    [TestMethod]
    [DynamicData(nameof(Components.AllOfModels), typeof(Components))]
    public void ARowIsTheSameHoweverItIsReached(string name)
    {
        using MaskedDiffusionModel model = Components.Model(name);
        var source = new CountingView(Components.View(RowCount));
        ModelTransformer transformer = Components.Estimator(_ml, name, model).Fit(source);
        // ML.NET's own views leave cursors to the garbage collector; those that they dispose are counted here.
        var view = new CountingView(transformer.Transform(source));
        string[] expected = Components.Values(view);
        CollectionAssert.AreEquivalent(expected, Components.Values(_ml.Data.ShuffleRows(view, seed: 5)));
        CollectionAssert.AreEqual(expected[..6], Components.Values(_ml.Data.TakeRows(view, 6)));
        CollectionAssert.AreEqual(expected[5..], Components.Values(_ml.Data.SkipRows(view, 5)));
        string[] wanted = [.. expected.Where((_, i) => i % 2 == 0)];
        CollectionAssert.AreEqual(
            wanted, Components.Values(_ml.Data.FilterByCustomPredicate(view, (FixtureRow row) => int.Parse(row.Prompt[4..]) % 2 == 1)));

        DataViewSchema.Column[] own = [.. view.Schema.Skip(source.Schema.Count)];
        DataViewRowCursor[] set = view.GetRowCursorSet(own, 3);
        CollectionAssert.AreEquivalent(expected, set.SelectMany(cursor => ViewText.Rows(cursor, own)).ToArray());
        foreach (DataViewRowCursor cursor in set)
            cursor.Dispose();

        using (DataViewRowCursor one = view.GetRowCursor(own), two = view.GetRowCursor(own))
        {
            Func<string> readOne = ViewText.Reader(one, own[0]), readTwo = ViewText.Reader(two, own[0]);
            Assert.IsTrue(two.MoveNext());
            for (int i = 0; i < RowCount; i++)
            {
                Assert.IsTrue(one.MoveNext());
                Assert.AreEqual(i < RowCount - 1, two.MoveNext(), "one row ahead of the other");
                StringAssert.StartsWith(expected[i], readOne());
                if (i < RowCount - 1)
                    StringAssert.StartsWith(expected[i + 1], readTwo());
            }
            Assert.IsFalse(one.MoveNext());
        }
        using (DataViewRowCursor left = view.GetRowCursor(own))
        {
            Assert.IsTrue(left.MoveNext());
            ViewText.Reader(left, own[0])();
        }
        Assert.AreEqual((view.Opened, view.Disposed), (source.Opened, source.Disposed), "a cursor over the source goes with each of ours");
    }

    [TestMethod]
    [DynamicData(nameof(Components.AllOfModels), typeof(Components))]
    public void ColumnsOfEveryTypePassThrough(string name)
    {
        using MaskedDiffusionModel model = Components.Model(name);
        IDataView source = new EveryTypeView(RowCount);
        string[] expected = ViewText.Rows(source, source.Schema);
        // All inputs are copies of the text column, of a vector of texts, and of a number.
        IDataView rows = source;
        foreach (string column in new[] { "Prompt", "Context", "Choice", "Gaps" })
            rows = _ml.Transforms.CopyColumns(column, "Text").Fit(rows).Transform(rows);
        rows = _ml.Transforms.CopyColumns("Choices", "Dense String").Fit(rows).Transform(rows);
        IEstimator<ModelTransformer> estimator = name switch
        {
            "grouped choices" => _ml.MaskedDiffusion().ScoreChoices(model, "Context", "Choice", "Int64"),
            "choices" => _ml.MaskedDiffusion().ScoreChoices(model, new ChoiceScoringOptions { ChoiceCount = 3, BatchSize = BatchSize }),
            _ => Components.Estimator(_ml, name, model),
        };
        IDataView view = estimator.Fit(rows).Transform(rows);
        DataViewSchema.Column[] passed = [.. source.Schema.Select(column => view.Schema[column.Name])];
        CollectionAssert.AreEqual(expected, ViewText.Rows(view, passed), "without the added columns");
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        Func<string> added = ViewText.Reader(cursor, view.Schema[^1]);
        Func<string>[] readers = [.. passed.Select(column => ViewText.Reader(cursor, column))];
        for (int i = 0; i < RowCount; i++)
        {
            Assert.IsTrue(cursor.MoveNext());
            Assert.IsNotEmpty(added());
            Assert.AreEqual(expected[i], string.Join("; ", readers.Select(read => read())));
        }
        Assert.IsFalse(cursor.MoveNext());
    }
}
