using Microsoft.ML;
using Microsoft.ML.Data;

namespace StandIns.Tests.DataViews;

[TestClass]
public sealed class SchemaTests
{
    [TestMethod]
    public void ALaterColumnHidesAnEarlierOneOfItsName()
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("A", NumberDataViewType.Single);
        builder.AddColumn("B", TextDataViewType.Instance);
        builder.AddColumn("A", NumberDataViewType.Int32);
        var schema = builder.ToSchema();

        Assert.AreEqual(3, schema.Count);
        Assert.IsTrue(schema[0].IsHidden);
        Assert.IsFalse(schema[2].IsHidden);
        Assert.AreEqual(2, schema["A"].Index);
        Assert.AreEqual(1, schema.GetColumnOrNull("B")!.Value.Index);
        Assert.IsNull(schema.GetColumnOrNull("C"));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => schema["C"]);
    }

    [TestMethod]
    public void AnnotationsAreReadByKindAndType()
    {
        var notes = new DataViewSchema.Annotations.Builder();
        notes.AddPrimitiveValue("ScoreColumnSetId", new KeyDataViewType(typeof(uint), 10), 3u);
        ValueGetter<VBuffer<float>> weights = (ref VBuffer<float> value) => value = new VBuffer<float>(2, [1f, 2f]);
        notes.Add("Weights", new VectorDataViewType(NumberDataViewType.Single, 2), weights);
        var annotations = notes.ToAnnotations();

        uint id = 0;
        annotations.GetValue("ScoreColumnSetId", ref id);
        VBuffer<float> read = default;
        annotations.GetValue("Weights", ref read);
        Assert.AreEqual(3u, id);
        CollectionAssert.AreEqual(new[] { 1f, 2f }, read.DenseValues().ToArray());
        Assert.ThrowsExactly<InvalidOperationException>(() =>
        {
            float wrong = 0;
            annotations.GetValue("ScoreColumnSetId", ref wrong);
        });
        Assert.AreEqual(0, DataViewSchema.Annotations.Empty.Schema.Count);
    }

    [TestMethod]
    public void SelectedAnnotationsAreTakenOver()
    {
        var first = new DataViewSchema.Annotations.Builder();
        first.AddPrimitiveValue("A", NumberDataViewType.Int32, 1);
        first.AddPrimitiveValue("B", NumberDataViewType.Int32, 2);
        var second = new DataViewSchema.Annotations.Builder();
        second.Add(first.ToAnnotations(), kind => kind == "B");
        var annotations = second.ToAnnotations();

        var value = 0;
        annotations.GetValue("B", ref value);
        Assert.AreEqual(2, value);
        Assert.AreEqual(1, annotations.Schema.Count);
    }

    [TestMethod]
    public void TypesCompareByContent()
    {
        Assert.IsTrue(new VectorDataViewType(NumberDataViewType.Single, 2, 3).Equals(new VectorDataViewType(NumberDataViewType.Single, 2, 3)));
        Assert.IsFalse(new VectorDataViewType(NumberDataViewType.Single, 6).Equals(new VectorDataViewType(NumberDataViewType.Single, 2, 3)));
        Assert.IsTrue(new KeyDataViewType(typeof(uint), 5).Equals(new KeyDataViewType(typeof(uint), 5)));
        Assert.IsFalse(new KeyDataViewType(typeof(uint), 5).Equals(new KeyDataViewType(typeof(uint), 6)));
        Assert.IsFalse(NumberDataViewType.Int32.Equals(NumberDataViewType.Single));
        Assert.AreEqual(6, new VectorDataViewType(NumberDataViewType.Single, 2, 3).Size);
        Assert.IsFalse(new VectorDataViewType(NumberDataViewType.Single).IsKnownSize);
        Assert.AreEqual(typeof(VBuffer<ReadOnlyMemory<char>>), new VectorDataViewType(TextDataViewType.Instance).RawType);
    }

    [TestMethod]
    public void KeysAreHeldInUnsignedNumbersAndCountAtLeastOne()
    {
        Assert.IsTrue(KeyDataViewType.IsValidDataType(typeof(byte)));
        Assert.IsFalse(KeyDataViewType.IsValidDataType(typeof(int)));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new KeyDataViewType(typeof(uint), 0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new KeyDataViewType(typeof(byte), 256));
        Assert.AreEqual(255ul, new KeyDataViewType(typeof(byte), 255).Count);
    }

    [TestMethod]
    public void RowIdsDifferAlongEveryPath()
    {
        var id = new DataViewRowId(5, 0);
        var made = new[] { id, id.Fork(), id.Next(), id.Fork().Next(), id.Combine(new DataViewRowId(6, 0)), new DataViewRowId(6, 0).Combine(id) };
        Assert.AreEqual(made.Length, made.Distinct().Count());
        Assert.AreEqual(id.Fork(), new DataViewRowId(5, 0).Fork());
        Assert.IsTrue(new DataViewRowId(0, 1).CompareTo(new DataViewRowId(9, 0)) > 0);
    }
}
