using Microsoft.ML;
using Microsoft.ML.Data;

namespace StandIns.Tests.DataViews;

[TestClass]
public sealed class ChainTests
{
    private readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void AChainShowsTheShapeOfASchema()
    {
        var notes = new DataViewSchema.Annotations.Builder();
        ValueGetter<VBuffer<ReadOnlyMemory<char>>> names = (ref VBuffer<ReadOnlyMemory<char>> value) => value = new(1, ["a".AsMemory()]);
        notes.Add("KeyValues", new VectorDataViewType(TextDataViewType.Instance, 1), names);
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("Hidden", NumberDataViewType.Single);
        builder.AddColumn("Hidden", NumberDataViewType.Double);
        builder.AddColumn("Fixed", new VectorDataViewType(NumberDataViewType.Single, 3));
        builder.AddColumn("Free", new VectorDataViewType(TextDataViewType.Instance));
        builder.AddColumn("Key", new KeyDataViewType(typeof(uint), 1), notes.ToAnnotations());

        var shape = Probe.ShapeOf(builder.ToSchema());
        Assert.AreEqual(4, shape.Count);
        var columns = shape.ToDictionary(c => c.Name);
        Assert.AreEqual(NumberDataViewType.Double, columns["Hidden"].ItemType);
        Assert.AreEqual(SchemaShape.Column.VectorKind.Scalar, columns["Hidden"].Kind);
        Assert.AreEqual(SchemaShape.Column.VectorKind.Vector, columns["Fixed"].Kind);
        Assert.AreEqual(SchemaShape.Column.VectorKind.VariableVector, columns["Free"].Kind);
        Assert.IsTrue(columns["Key"].IsKey);
        Assert.AreEqual(NumberDataViewType.UInt32, columns["Key"].ItemType);
        Assert.AreEqual("KeyValues", columns["Key"].Annotations.Single().Name);
        Assert.AreEqual(3, new SchemaShape(shape.Where(c => c.Name != "Key")).Count);
    }

    [TestMethod]
    public void EstimatorsAreFittedInOrderOnWhatComesBefore()
    {
        var log = new List<string>();
        var chain = new Taking("a", 8, log).Append(new Taking("b", 5, log)).Append(new Taking("c", 3, log));
        var model = chain.Fit(Data(10));
        CollectionAssert.AreEqual(new[] { "shape a", "shape b", "shape c", "fit a 10", "fit b 8", "fit c 5" }, log);
        Assert.AreEqual(3, model.Transform(Data(10)).GetColumn<string>("Text").Count());
        Assert.AreEqual(3, model.Count());
        Assert.IsInstanceOfType<TakingTransformer>(model.LastTransformer);
    }

    [TestMethod]
    public void TheOnFitDelegateSeesTheTransformer()
    {
        TakingTransformer? seen = null;
        var model = new Taking("a", 2, []).WithOnFitDelegate(t => seen = t).Append(new Taking("b", 1, [])).Fit(Data(3));
        Assert.AreSame(model.First(), seen);
    }

    [TestMethod]
    public void ACacheCheckpointSparesWork()
    {
        var passes = 0;
        IEnumerable<EnumerableTests.OnlyText> Source()
        {
            passes++;
            yield return new EnumerableTests.OnlyText { Text = "x" };
        }

        var chain = new Taking("a", 5, []).AppendCacheCheckpoint(_ml).Append(new Taking("b", 5, [])).Append(new Taking("c", 5, []));
        chain.Fit(_ml.Data.LoadFromEnumerable(Source()));
        // The first estimator reads the source, the cache reads it once more for the two others.
        Assert.AreEqual(2, passes);
    }

    [TestMethod]
    public void ScopesFilterAChain()
    {
        var chain = new EstimatorChain<ITransformer>()
            .Append(new Taking("a", 6, []), TransformerScope.TrainTest)
            .Append(new Taking("b", 8, []));
        var model = chain.Fit(Data(10));
        Assert.AreEqual(6, model.Transform(Data(10), TransformerScope.TrainTest).GetColumn<string>("Text").Count());
        Assert.AreEqual(8, model.Transform(Data(10)).GetColumn<string>("Text").Count());
        Assert.AreEqual(8, model.Transform(Data(10), TransformerScope.Scoring).GetColumn<string>("Text").Count());
        Assert.AreEqual(1, model.GetModelFor(TransformerScope.Scoring).Count());
    }

    [TestMethod]
    public void DisposingAChainDisposesItsParts()
    {
        var part = new TakingTransformer(1);
        new TransformerChain<ITransformer>(part).Dispose();
        Assert.AreEqual(1, part.Disposals);
        Assert.IsTrue(((ITransformer)new TransformerChain<ITransformer>()).IsRowToRowMapper);
        Assert.IsFalse(((ITransformer)new TransformerChain<ITransformer>(part)).IsRowToRowMapper);
    }

    private IDataView Data(int rows) =>
        _ml.Data.LoadFromEnumerable(Enumerable.Range(0, rows).Select(i => new EnumerableTests.OnlyText { Text = "t" + i }).ToArray());

    private sealed class Probe : IEstimator<ITransformer>
    {
        private SchemaShape? _seen;

        public static SchemaShape ShapeOf(DataViewSchema schema)
        {
            var probe = new Probe();
            new EstimatorChain<ITransformer>().Append(probe).Fit(new EmptyView(schema));
            return probe._seen!;
        }

        public SchemaShape GetOutputSchema(SchemaShape inputSchema) => _seen = inputSchema;

        public ITransformer Fit(IDataView input) => new TransformerChain<ITransformer>();
    }

    private sealed class EmptyView(DataViewSchema schema) : IDataView
    {
        public bool CanShuffle => false;

        public DataViewSchema Schema => schema;

        public long? GetRowCount() => 0;

        public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) => throw new NotSupportedException();

        public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) => throw new NotSupportedException();
    }

    private sealed class Taking(string name, int rows, List<string> log) : IEstimator<TakingTransformer>
    {
        public TakingTransformer Fit(IDataView input)
        {
            log.Add($"fit {name} {input.GetColumn<string>("Text").Count()}");
            return new TakingTransformer(rows);
        }

        public SchemaShape GetOutputSchema(SchemaShape inputSchema)
        {
            log.Add("shape " + name);
            return inputSchema;
        }
    }

    private sealed class TakingTransformer(int rows) : ITransformer, IDisposable
    {
        public int Disposals { get; private set; }

        bool ITransformer.IsRowToRowMapper => false;

        public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => inputSchema;

        public IDataView Transform(IDataView input) => new MLContext().Data.TakeRows(input, rows);

        public void Dispose() => Disposals++;

        IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => throw new NotSupportedException();

        void ICanSaveModel.Save(ModelSaveContext ctx) => throw new NotSupportedException();
    }
}
