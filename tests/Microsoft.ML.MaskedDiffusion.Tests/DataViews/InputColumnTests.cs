using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;

namespace Microsoft.ML.MaskedDiffusion.Tests.DataViews;

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
    [DataRow("Text", false)]
    [DataRow("Words", true)]
    [DataRow("Pair", true)]
    public void FindsColumnsThatFit(string name, bool isVector)
    {
        var column = new InputColumn("input", name, isVector);
        Assert.AreEqual(name, column.Find(Schema(), "schema").Name);
        column.Check(SchemaShapes.Of(Schema()), "schema");
    }

    [TestMethod]
    [DataRow("Missing", false, "expected String, but there is no such column. The columns are: Text, Words, Pair, Number, Numbers, Key.")]
    [DataRow("Words", false, "expected String, got")]
    [DataRow("Text", true, "expected Vector<String>, got String")]
    [DataRow("Numbers", true, "expected Vector<String>, got Vector<Single")]
    [DataRow("Number", false, "expected String, got Single")]
    [DataRow("Key", false, "expected String, got Key<UInt32")]
    public void NamesWhatDoesNotFit(string name, bool isVector, string expected)
    {
        var column = new InputColumn("context", name, isVector);
        foreach (Action check in new Action[] { () => column.Find(Schema(), "schema"), () => column.Check(SchemaShapes.Of(Schema()), "schema") })
        {
            var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(check);
            Assert.AreEqual("schema", error.ParamName);
            StringAssert.Contains(error.Message, $"Schema mismatch for context column '{name}': {expected}");
        }
    }
}
