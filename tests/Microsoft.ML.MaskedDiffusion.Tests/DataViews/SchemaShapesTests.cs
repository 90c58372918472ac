using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class SchemaShapesTests
{
    [TestMethod]
    public void KeepsNamesKindsTypesKeysAndAnnotations()
    {
        var notes = new DataViewSchema.Annotations.Builder();
        notes.AddPrimitiveValue("Unit", TextDataViewType.Instance, "nats".AsMemory());
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("Text", TextDataViewType.Instance);
        builder.AddColumn("Fixed", new VectorDataViewType(NumberDataViewType.Single, 3), notes.ToAnnotations());
        builder.AddColumn("Variable", new VectorDataViewType(TextDataViewType.Instance));
        builder.AddColumn("Key", new KeyDataViewType(typeof(uint), 5));
        SchemaShape shape = SchemaShapes.Of(builder.ToSchema());
        Assert.AreEqual(4, shape.Count);
        Assert.AreEqual(("Text", SchemaShape.Column.VectorKind.Scalar, false), (shape[0].Name, shape[0].Kind, shape[0].IsKey));
        Assert.AreEqual(("Fixed", SchemaShape.Column.VectorKind.Vector), (shape[1].Name, shape[1].Kind));
        Assert.AreEqual(NumberDataViewType.Single, shape[1].ItemType);
        Assert.AreEqual("Unit", shape[1].Annotations[0].Name);
        Assert.AreEqual(SchemaShape.Column.VectorKind.VariableVector, shape[2].Kind);
        Assert.AreEqual((NumberDataViewType.UInt32, true), ((NumberDataViewType)shape[3].ItemType, shape[3].IsKey));
    }

    [TestMethod]
    public void AppendedColumnsReplaceThoseOfTheSameName()
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("A", TextDataViewType.Instance);
        builder.AddColumn("B", TextDataViewType.Instance);
        SchemaShape shape = SchemaShapes.Append(SchemaShapes.Of(builder.ToSchema()), [new("A", NumberDataViewType.Single, null!)]);
        CollectionAssert.AreEqual(new[] { "B", "A" }, shape.Select(c => c.Name).ToArray());
        Assert.AreEqual(NumberDataViewType.Single, shape[1].ItemType);
    }
}
