using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class InputColumnTests
{
    private static DataViewSchema Schema()
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("Text", TextDataViewType.Instance);
        builder.AddColumn("Words", new VectorDataViewType(TextDataViewType.Instance));
        builder.AddColumn("Pair", new VectorDataViewType(TextDataViewType.Instance, 2));
        builder.AddColumn("Number", NumberDataViewType.Single);
        builder.AddColumn("Numbers", new VectorDataViewType(NumberDataViewType.Single, 4));
        builder.AddColumn("Key", new KeyDataViewType(typeof(uint), 3));
        return builder.ToSchema();
    }

    [TestMethod]
    [DataRow("Text", nameof(ColumnKind.Text))]
    [DataRow("Words", nameof(ColumnKind.Texts))]
    [DataRow("Pair", nameof(ColumnKind.Texts))]
    [DataRow("Text", nameof(ColumnKind.Group))]
    [DataRow("Number", nameof(ColumnKind.Group))]
    [DataRow("Key", nameof(ColumnKind.Group))]
    public void FindsColumnsThatFit(string name, string kind)
    {
        var column = new InputColumn("input", name, Enum.Parse<ColumnKind>(kind));
        Assert.AreEqual(name, column.Find(Schema(), "schema").Name);
        column.Check(SchemaShapes.Of(Schema()), "schema");
    }

    [TestMethod]
    [DataRow("Missing", nameof(ColumnKind.Text),
        "expected String, but there is no such column. The columns are: Text, Words, Pair, Number, Numbers, Key.")]
    [DataRow("Words", nameof(ColumnKind.Text), "expected String, got")]
    [DataRow("Text", nameof(ColumnKind.Texts), "expected Vector<String>, got String")]
    [DataRow("Numbers", nameof(ColumnKind.Texts), "expected Vector<String>, got Vector<Single")]
    [DataRow("Number", nameof(ColumnKind.Text), "expected String, got Single")]
    [DataRow("Key", nameof(ColumnKind.Text), "expected String, got Key<UInt32")]
    [DataRow("Words", nameof(ColumnKind.Group), "expected String, DateTime, Boolean, a key or a number, got")]
    [DataRow("Numbers", nameof(ColumnKind.Group), "expected String, DateTime, Boolean, a key or a number, got")]
    public void NamesWhatDoesNotFit(string name, string kind, string expected)
    {
        var column = new InputColumn("context", name, Enum.Parse<ColumnKind>(kind));
        foreach (Action check in new Action[]
        {
            () => column.Find(Schema(), "schema"),
            () => column.Check(SchemaShapes.Of(Schema()), "schema"),
        })
        {
            var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(check);
            Assert.AreEqual("schema", error.ParamName);
            StringAssert.Contains(error.Message, $"Schema mismatch for context column '{name}': {expected}");
        }
    }
}
