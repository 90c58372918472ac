using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class BatchedRowMapperTests
{
    private sealed class Source
    {
        public string Text { get; set; } = "";

        public int Number { get; set; }
    }

    private readonly MLContext _ml = new(1);

    private IDataView View() =>
        _ml.Data.LoadFromEnumerable(Enumerable.Range(0, 6).Select(i => new Source { Text = FakeComputation.Name(i), Number = i }).ToList());

    [TestMethod]
    public void ColumnsOfARowShareOneComputationAndTheNextRowIsComputedAnew()
    {
        IDataView view = View();
        var fake = new FakeComputation();
        IRowToRowMapper mapper = ((ITransformer)new FakeTransformer(fake)).GetRowToRowMapper(view.Schema);
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        using DataViewRow row = mapper.GetRow(cursor, mapper.OutputSchema);
        ValueGetter<int> length = row.GetGetter<int>(mapper.OutputSchema["Length"]),
            number = row.GetGetter<int>(mapper.OutputSchema["Number"]);
        ValueGetter<ReadOnlyMemory<char>> upper = row.GetGetter<ReadOnlyMemory<char>>(mapper.OutputSchema["Upper"]);
        int rows = 0;
        while (cursor.MoveNext())
        {
            int actualLength = 0, actualNumber = 0;
            ReadOnlyMemory<char> actualUpper = default;
            number(ref actualNumber);
            length(ref actualLength);
            upper(ref actualUpper);
            length(ref actualLength);
            string expected = FakeComputation.Name(actualNumber);
            Assert.AreEqual((expected.Length, expected.ToUpperInvariant(), row.Position),
                (actualLength, actualUpper.ToString(), cursor.Position));
            Assert.AreEqual(++rows, fake.Batches.Count);
        }
        Assert.AreEqual(6, rows);
    }

    [TestMethod]
    public void DependenciesAreTheInputsOfWhatIsAskedFor()
    {
        IRowToRowMapper mapper = ((ITransformer)new FakeTransformer(new FakeComputation())).GetRowToRowMapper(View().Schema);
        string[] Names(params string[] asked) =>
            [.. mapper.GetDependencies(asked.Select(name => mapper.OutputSchema[name])).Select(c => c.Name).Order()];
        CollectionAssert.AreEqual(new[] { "Number" }, Names("Number"));
        CollectionAssert.AreEqual(new[] { "Text" }, Names("Length"));
        CollectionAssert.AreEqual(new[] { "Number", "Text" }, Names("Upper", "Number"));
        CollectionAssert.AreEqual(Array.Empty<string>(), Names());
    }

    [TestMethod]
    public void ARowWithoutComputedColumnsComputesNothing()
    {
        IDataView view = View();
        var fake = new FakeComputation();
        IRowToRowMapper mapper = ((ITransformer)new FakeTransformer(fake)).GetRowToRowMapper(view.Schema);
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema["Number"]]);
        using DataViewRow row = mapper.GetRow(cursor, [mapper.OutputSchema["Number"]]);
        ValueGetter<int> number = row.GetGetter<int>(mapper.OutputSchema["Number"]);
        int sum = 0, value = 0;
        while (cursor.MoveNext())
        {
            number(ref value);
            sum += value;
        }
        Assert.AreEqual((15, 0), (sum, fake.Batches.Count));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => row.GetGetter<int>(mapper.OutputSchema["Length"]));
    }
}
