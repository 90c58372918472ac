using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The schema of every transform: as its estimator promises, and such that ML.NET's own readers and writers take it.</summary>
[TestClass]
public sealed class SchemaTests
{
    private readonly MLContext _ml = new(1);
    private readonly TemporaryFolder _folder = new();

    private sealed class Predicted
    {
        public float NegativeLogLikelihood { get; set; }

        public string Filled { get; set; } = "";

        public string Completion { get; set; } = "";

        public float[] Probability { get; set; } = [];

        public uint PredictedLabel { get; set; }

        public string PredictedText { get; set; } = "";

        public override string ToString() =>
            $"{NegativeLogLikelihood} {Filled} {Completion} {PredictedLabel} {PredictedText} {string.Join(' ', Probability)}";
    }

    private sealed class PredictedRow
    {
        public float Probability { get; set; }

        public bool PredictedLabel { get; set; }

        public override string ToString() => $"{Probability} {PredictedLabel}";
    }

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    [DynamicData(nameof(Components.All), typeof(Components))]
    public void TheEstimatorPromisesTheSchemaThatTheTransformerGives(string name)
    {
        using MaskedDiffusionModel model = Components.Model(name);
        IDataView rows = Components.View(4);
        IEstimator<ModelTransformer> estimator = Components.Estimator(_ml, name, model);
        using ModelTransformer transformer = estimator.Fit(rows);
        DataViewSchema real = transformer.GetOutputSchema(rows.Schema);
        Check(estimator, transformer, rows);
        // Among the input there are columns of the names that the transform adds, and ones that others hide.
        IDataView hidden = rows;
        foreach (DataViewSchema.Column column in real.Skip(rows.Schema.Count))
            hidden = _ml.Transforms.CopyColumns(column.Name, "Text").Fit(hidden).Transform(hidden);
        hidden = _ml.Transforms.CopyColumns("Text", "Prompt").Fit(hidden).Transform(hidden);
        Check(estimator, transformer, hidden);
        // In a chain, as the first and as the second of its steps.
        IEstimator<ITransformer> chain = _ml.Transforms.CopyColumns("Before", "Text").Append(estimator)
            .Append(_ml.Transforms.CopyColumns("After", real[^1].Name));
        ITransformer fitted = chain.Fit(rows);
        using (fitted as IDisposable)
            AssertSame(SchemaShapes.Of(fitted.GetOutputSchema(rows.Schema)), chain.GetOutputSchema(SchemaShapes.Of(rows.Schema)));
    }

    [TestMethod]
    [DynamicData(nameof(Components.All), typeof(Components))]
    public void MlNetsWritersAndReadersTakeIt(string name)
    {
        using MaskedDiffusionModel model = Components.Model(name);
        IDataView rows = Components.View(5);
        using ModelTransformer transformer = Components.Estimator(_ml, name, model).Fit(rows);
        IDataView view = transformer.Transform(rows);
        string[] expected = Components.Values(view);
        string[] own = [.. view.Schema.Skip(rows.Schema.Count).Select(column => column.Name)];

        string binary = _folder.File("scored.idv"), text = _folder.File("scored.tsv");
        using (FileStream stream = File.Create(binary))
            _ml.Data.SaveAsBinary(view, stream);
        IDataView read = _ml.Data.LoadFromBinary(binary);
        CollectionAssert.AreEqual(expected, ViewText.Rows(read, own.Select(column => read.Schema[column])));
        foreach (string column in own)
        {
            Assert.AreEqual(view.Schema[column].Type, read.Schema[column].Type, column);
            CollectionAssert.AreEqual(Notes(view.Schema[column]), Notes(read.Schema[column]), column);
        }

        IDataView ownColumns = _ml.Transforms.SelectColumns(own).Fit(view).Transform(view);
        using (FileStream stream = File.Create(text))
            _ml.Data.SaveAsText(ownColumns, stream);
        Assert.HasCount(expected.Length, File.ReadLines(text).Where(line => !line.StartsWith('#')).Skip(1));
        // The file describes itself, so it is read back without being told its columns.
        TextLoader loader = _ml.Data.CreateTextLoader(new TextLoader.Options(), new MultiFileSource(text));
        Assert.AreEqual(own[0], loader.Load(text).Schema[0].Name);

        DataDebuggerPreview preview = view.Preview(3);
        Assert.HasCount(3, preview.RowView);
        Assert.AreEqual(view.Schema.Count, preview.ColumnView.Length);
        CollectionAssert.AreEqual(own, preview.RowView[0].Values.Skip(rows.Schema.Count).Select(pair => pair.Key).ToArray());

        string[] kept = Enumerate(name, view, reuse: false), reused = Enumerate(name, view, reuse: true);
        Assert.HasCount(expected.Length, kept);
        CollectionAssert.AreEqual(kept, reused);
    }

    /// <summary>
    /// A loaded transformer says the same about its columns. ML.NET's own concatenation names slots by its sources, so what ML.NET itself
    /// has loaded has other slot names, one for each.
    /// </summary>
    [TestMethod]
    [DynamicData(nameof(Components.All), typeof(Components))]
    public void ALoadedTransformerHasTheSameNotes(string name)
    {
        using MaskedDiffusionModel model = Components.Model(name);
        IDataView rows = Components.View(3);
        using ModelTransformer transformer = Components.Estimator(_ml, name, model).Fit(rows);
        string zip = _folder.File("saved.zip");
        _ml.Model.Save(transformer, rows.Schema, zip);
        DataViewSchema expected = transformer.GetOutputSchema(rows.Schema);
        ITransformer ours = _ml.MaskedDiffusion().LoadModel(zip, out _);
        using (ours as IDisposable)
        {
            DataViewSchema found = ours.GetOutputSchema(rows.Schema);
            foreach (DataViewSchema.Column column in expected)
                CollectionAssert.AreEqual(Notes(column), Notes(found[column.Name]), column.Name);
        }
        if (!Components.MapsRows(name))
            return;
        DataViewSchema stock = new MLContext().Model.Load(zip, out _).GetOutputSchema(rows.Schema);
        foreach (DataViewSchema.Column column in expected)
        {
            Assert.AreEqual(column.HasSlotNames(), stock[column.Name].HasSlotNames(), column.Name);
            if (!column.HasSlotNames())
                CollectionAssert.AreEqual(Notes(column), Notes(stock[column.Name]), column.Name);
        }
    }

    private string[] Enumerate(string name, IDataView view, bool reuse) => Components.MapsRows(name)
        ? [.. _ml.Data.CreateEnumerable<Predicted>(view, reuse, ignoreMissingColumns: true).Select(row => row.ToString())]
        : [.. _ml.Data.CreateEnumerable<PredictedRow>(view, reuse).Select(row => row.ToString())];

    private static void Check(IEstimator<ModelTransformer> estimator, ModelTransformer transformer, IDataView rows)
    {
        DataViewSchema real = transformer.GetOutputSchema(rows.Schema), ofView = transformer.Transform(rows).Schema;
        AssertSame(SchemaShapes.Of(real), estimator.GetOutputSchema(SchemaShapes.Of(rows.Schema)));
        CollectionAssert.AreEqual(Columns(real), Columns(ofView));
        if (((ITransformer)transformer).IsRowToRowMapper)
            CollectionAssert.AreEqual(Columns(real), Columns(((ITransformer)transformer).GetRowToRowMapper(rows.Schema).OutputSchema));
    }

    private static void AssertSame(SchemaShape expected, SchemaShape found) =>
        CollectionAssert.AreEquivalent(Describe(expected), Describe(found));

    private static string[] Describe(SchemaShape shape) =>
        [.. shape.Select(column => $"{column.Name} {column.Kind} {column.ItemType} {column.IsKey}: "
            + string.Join(", ", Describe(column.Annotations, isInner: true)))];

    private static string[] Describe(SchemaShape annotations, bool isInner) =>
        [.. annotations.Select(note => $"{note.Name} {note.Kind} {note.ItemType} {isInner}").Order(StringComparer.Ordinal)];

    private static string[] Columns(DataViewSchema schema) =>
        [.. schema.Select(column => $"{column.Name} {column.Type} {column.IsHidden} {string.Join(", ", Notes(column))}")];

    // What a column's annotations say.
    private static string[] Notes(DataViewSchema.Column column)
    {
        var notes = new List<string>();
        VBuffer<ReadOnlyMemory<char>> names = default;
        if (column.HasSlotNames())
        {
            column.GetSlotNames(ref names);
            notes.Add($"slots {string.Join(' ', names.DenseValues())}");
        }
        if (column.HasKeyValues())
        {
            VBuffer<int> numbers = default;
            column.GetKeyValues(ref numbers);
            notes.Add($"keys {string.Join(' ', numbers.DenseValues())}");
        }
        return [.. notes];
    }
}
