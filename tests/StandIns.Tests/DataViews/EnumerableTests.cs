using Microsoft.ML;
using Microsoft.ML.Data;

namespace StandIns.Tests.DataViews;

[TestClass]
public sealed class EnumerableTests
{
    private readonly MLContext _ml = new(seed: 1);

    public sealed class Item
    {
        public string Text { get; set; } = "";

        [ColumnName("Number")]
        public float Value;

        [VectorType(3)]
        public float[] Fixed { get; set; } = [];

        public int[] Free { get; set; } = [];

        public string[] Words { get; set; } = [];

        [KeyType(4)]
        public uint Category { get; set; }

        public VBuffer<double> Sparse { get; set; }

        [NoColumn]
        public object? Ignored { get; set; }
    }

    [TestMethod]
    public void MembersBecomeColumnsOfTheirTypes()
    {
        var schema = _ml.Data.LoadFromEnumerable(Items(1)).Schema;
        Assert.IsNull(schema.GetColumnOrNull("Ignored"));
        Assert.IsNull(schema.GetColumnOrNull("Value"));
        Assert.AreEqual(NumberDataViewType.Single, schema["Number"].Type);
        Assert.AreEqual(TextDataViewType.Instance, schema["Text"].Type);
        Assert.AreEqual(3, ((VectorDataViewType)schema["Fixed"].Type).Size);
        Assert.IsFalse(((VectorDataViewType)schema["Free"].Type).IsKnownSize);
        Assert.AreEqual(TextDataViewType.Instance, ((VectorDataViewType)schema["Words"].Type).ItemType);
        Assert.AreEqual(4ul, ((KeyDataViewType)schema["Category"].Type).Count);
    }

    [TestMethod]
    public void ObjectsComeBackAsTheyWereExceptForKeys()
    {
        var items = Items(5);
        var back = _ml.Data.CreateEnumerable<Item>(_ml.Data.LoadFromEnumerable(items), reuseRowObject: false).ToArray();
        Assert.HasCount(5, back);
        for (var i = 0; i < 5; i++)
        {
            Assert.AreEqual(items[i].Text, back[i].Text);
            Assert.AreEqual(items[i].Value, back[i].Value);
            CollectionAssert.AreEqual(items[i].Fixed, back[i].Fixed);
            CollectionAssert.AreEqual(items[i].Free, back[i].Free);
            CollectionAssert.AreEqual(items[i].Words, back[i].Words);
            CollectionAssert.AreEqual(items[i].Sparse.DenseValues().ToArray(), back[i].Sparse.DenseValues().ToArray());
            // Written from 0, read from 1; what lies past the end (here 4) is missing, which is 0.
            Assert.AreEqual(i < 4 ? (uint)i + 1 : 0u, back[i].Category);
        }
    }

    [TestMethod]
    public void OneObjectIsReusedOnDemandOnly()
    {
        var view = _ml.Data.LoadFromEnumerable(Items(3));
        Assert.AreEqual(1, _ml.Data.CreateEnumerable<Item>(view, reuseRowObject: true).Distinct().Count());
        Assert.AreEqual(3, _ml.Data.CreateEnumerable<Item>(view, reuseRowObject: false).Distinct().Count());
    }

    [TestMethod]
    public void InactiveColumnsHaveNoGetters()
    {
        var view = _ml.Data.LoadFromEnumerable(Items(2));
        using var cursor = view.GetRowCursor([view.Schema["Text"]]);
        Assert.IsTrue(cursor.IsColumnActive(view.Schema["Text"]));
        Assert.IsFalse(cursor.IsColumnActive(view.Schema["Number"]));
        Assert.Throws<ArgumentException>(() => cursor.GetGetter<float>(view.Schema["Number"]));
        Assert.ThrowsExactly<InvalidOperationException>(() => cursor.GetGetter<int>(view.Schema["Text"]));
    }

    [TestMethod]
    public void ACursorStandsBeforeTheFirstRowAndThenCounts()
    {
        var view = _ml.Data.LoadFromEnumerable(Items(2));
        using var cursor = view.GetRowCursor(view.Schema);
        var id = cursor.GetIdGetter();
        var ids = new List<DataViewRowId>();
        Assert.AreEqual(-1, cursor.Position);
        for (var row = 0; cursor.MoveNext(); row++)
        {
            Assert.AreEqual(row, cursor.Position);
            DataViewRowId value = default;
            id(ref value);
            ids.Add(value);
        }
        Assert.AreEqual(2, ids.Distinct().Count());
        Assert.AreEqual(-1, cursor.Position);
        Assert.IsFalse(cursor.MoveNext());
        Assert.AreEqual(2L, view.GetRowCount());
    }

    [TestMethod]
    public void ADisposedCursorDoesNotMove()
    {
        var view = _ml.Data.LoadFromEnumerable(Items(3));
        var cursor = view.GetRowCursor(view.Schema);
        Assert.IsTrue(cursor.MoveNext());
        cursor.Dispose();
        Assert.AreEqual(-1, cursor.Position);
        Assert.IsFalse(cursor.MoveNext());
    }

    [TestMethod]
    public void EveryCursorWalksAnew()
    {
        var passes = 0;
        IEnumerable<Item> Source()
        {
            passes++;
            foreach (var item in Items(3))
                yield return item;
        }

        var view = _ml.Data.LoadFromEnumerable(Source());
        Assert.AreEqual(0, passes);
        Assert.AreEqual(3, view.GetColumn<string>("Text").Count());
        Assert.AreEqual(3, view.GetColumn<string>("Text").Count());
        Assert.AreEqual(2, passes);
        Assert.IsNull(view.GetRowCount());
    }

    [TestMethod]
    public void NullsAreEmptyExceptForRows()
    {
        var view = _ml.Data.LoadFromEnumerable([new Item { Text = null!, Free = null!, Words = [null!, "b"] }]);
        var row = _ml.Data.CreateEnumerable<Item>(view, false).Single();
        Assert.AreEqual("", row.Text);
        Assert.IsEmpty(row.Free);
        CollectionAssert.AreEqual(new[] { "", "b" }, row.Words);
        var broken = _ml.Data.LoadFromEnumerable(new Item[] { null! });
        Assert.ThrowsExactly<InvalidOperationException>(() => broken.GetColumn<string>("Text").Count());
    }

    [TestMethod]
    public void MissingColumnsAreAnErrorUnlessIgnored()
    {
        var view = _ml.Data.LoadFromEnumerable([new OnlyText { Text = "x" }]);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Data.CreateEnumerable<Item>(view, false).ToArray());
        Assert.AreEqual("x", _ml.Data.CreateEnumerable<Item>(view, false, ignoreMissingColumns: true).Single().Text);
    }

    [TestMethod]
    public void ASchemaDefinitionRenamesAndSizes()
    {
        var definition = SchemaDefinition.Create(typeof(Item));
        definition["Text"].ColumnName = "Document";
        definition["Free"].ColumnType = new VectorDataViewType(NumberDataViewType.Int32, 2);
        definition["Number"].AddAnnotation("Unit", "nats", TextDataViewType.Instance);
        var schema = _ml.Data.LoadFromEnumerable(Items(1), definition).Schema;

        Assert.IsNull(schema.GetColumnOrNull("Text"));
        Assert.AreEqual(2, ((VectorDataViewType)schema["Free"].Type).Size);
        ReadOnlyMemory<char> unit = default;
        schema["Number"].Annotations.GetValue("Unit", ref unit);
        Assert.AreEqual("nats", unit.ToString());
        Assert.IsNotNull(schema.GetColumnOrNull("Document"));
    }

    [TestMethod]
    public void ASchemaGivesAnnotationsToMembersThatAreThere()
    {
        var notes = new DataViewSchema.Annotations.Builder();
        notes.AddPrimitiveValue("Unit", NumberDataViewType.Int32, 7);
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("Number", NumberDataViewType.Single, notes.ToAnnotations());
        var unit = 0;
        _ml.Data.LoadFromEnumerable(Items(1), builder.ToSchema()).Schema["Number"].Annotations.GetValue("Unit", ref unit);
        Assert.AreEqual(7, unit);

        builder.AddColumn("Absent", NumberDataViewType.Single);
        Assert.ThrowsExactly<InvalidOperationException>(() => _ml.Data.LoadFromEnumerable(Items(1), builder.ToSchema()));
    }

    [TestMethod]
    public void ColumnsAreReadAsValuesTextsOrArrays()
    {
        var view = _ml.Data.LoadFromEnumerable(Items(3));
        CollectionAssert.AreEqual(new[] { 0f, 1.5f, 3f }, view.GetColumn<float>("Number").ToArray());
        CollectionAssert.AreEqual(new[] { "row 0", "row 1", "row 2" }, view.GetColumn<string>(view.Schema["Text"]).ToArray());
        CollectionAssert.AreEqual(new[] { 2f, 3f, 4f }, view.GetColumn<float[]>("Fixed").Last());
        CollectionAssert.AreEqual(new[] { 1u, 2u, 3u }, view.GetColumn<uint>("Category").ToArray());
    }

    [TestMethod]
    public void TypesThatAreNoColumnsAreRefused() =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Data.LoadFromEnumerable([new Unsupported()]));

    internal static Item[] Items(int count) => Enumerable.Range(0, count).Select(i => new Item
    {
        Text = "row " + i,
        Value = i * 1.5f,
        Fixed = [i, i + 1, i + 2],
        Free = Enumerable.Range(0, i).ToArray(),
        Words = ["w" + i, "v"],
        Category = (uint)i,
        Sparse = new VBuffer<double>(4, 1, [i + 0.5], [i % 4]),
    }).ToArray();

    public sealed class OnlyText
    {
        public string Text { get; set; } = "";
    }

    public sealed class Unsupported
    {
        public decimal Price { get; set; }
    }
}
