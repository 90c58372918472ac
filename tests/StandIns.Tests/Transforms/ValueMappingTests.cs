using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace StandIns.Tests.Transforms;

[TestClass]
public sealed class ValueMappingTests
{
    private readonly MLContext _ml = new(1);

    private IDataView Rows() => _ml.Data.LoadFromEnumerable([new Row { Id = 1, Word = "one" }, new Row { Id = 2, Word = "two" }, new Row { Id = 9, Word = "nine" }]);

    [TestMethod]
    public void Numbers_MapToTexts_AndUnknownOnesToNothing()
    {
        var map = new Dictionary<int, string> { [1] = "a", [2] = "b" };
        var view = _ml.Transforms.Conversion.MapValue("Out", map, "Id").Fit(Rows()).Transform(Rows());
        CollectionAssert.AreEqual(new[] { "a", "b", "" }, view.GetColumn<string>("Out").ToArray());
    }

    [TestMethod]
    public void Texts_MapToFloats_AndUnknownOnesToZero()
    {
        var map = new Dictionary<string, float> { ["one"] = 1, ["two"] = 2 };
        var values = _ml.Transforms.Conversion.MapValue("Out", map, "Word").Fit(Rows()).Transform(Rows()).GetColumn<float>("Out").ToArray();
        CollectionAssert.AreEqual(new[] { 1f, 2f, 0f }, values);
    }

    [TestMethod]
    public void Arrays_BecomeVectors_WhoseTextsAreTheSameStrings()
    {
        string big = new('q', 1000);
        var map = new List<KeyValuePair<int, string[]>> { new(1, [big, "tail"]) };
        var rows = _ml.Data.LoadFromEnumerable([new Row { Id = 1 }, new Row { Id = 1 }]);
        var view = _ml.Transforms.Conversion.MapValue("Out", map, "Id").Fit(rows).Transform(rows);
        Assert.IsInstanceOfType<VectorDataViewType>(view.Schema["Out"].Type);
        var seen = new List<string>();
        foreach (var vector in view.GetColumn<VBuffer<ReadOnlyMemory<char>>>("Out"))
        {
            Assert.AreEqual(2, vector.Length);
            Assert.IsTrue(MemoryMarshal.TryGetString(vector.GetValues()[0], out string? text, out _, out _));
            seen.Add(text!);
        }
        Assert.AreEqual(2, seen.Count);
        Assert.AreSame(seen[0], seen[1]);
    }

    [TestMethod]
    public void ValuesAsKeys_AreNumberedByOccurrence()
    {
        var map = new List<KeyValuePair<string, string>> { new("one", "odd"), new("two", "even"), new("nine", "odd") };
        var pipeline = _ml.Transforms.Conversion.MapValue("Out", map, "Word", treatValuesAsKeyType: true).Append(_ml.Transforms.Conversion.MapKeyToValue("Name", "Out"));
        var view = pipeline.Fit(Rows()).Transform(Rows());
        Assert.IsInstanceOfType<KeyDataViewType>(view.Schema["Out"].Type);
        CollectionAssert.AreEqual(new uint[] { 1, 2, 1 }, view.GetColumn<uint>("Out").ToArray());
        CollectionAssert.AreEqual(new[] { "odd", "even", "odd" }, view.GetColumn<string>("Name").ToArray());
    }

    [TestMethod]
    public void AColumnOfAnotherType_IsRefused() =>
        Assert.ThrowsExactly<InvalidOperationException>(() => _ml.Transforms.Conversion.MapValue("Out", new Dictionary<int, string> { [1] = "a" }, "Word")
            .Append(_ml.Transforms.CopyColumns("C", "Out")).Fit(Rows()).Transform(Rows()).GetColumn<string>("C").ToArray());

    [TestMethod]
    public void ValueToKey_NumbersByOccurrenceOrValue_AndBack()
    {
        var rows = _ml.Data.LoadFromEnumerable(new[] { "b", "a", "b", "" }.Select(w => new Row { Word = w }));
        var byOccurrence = _ml.Transforms.Conversion.MapValueToKey("Key", "Word").Append(_ml.Transforms.Conversion.MapKeyToValue("Back", "Key")).Fit(rows).Transform(rows);
        CollectionAssert.AreEqual(new uint[] { 1, 2, 1, 0 }, byOccurrence.GetColumn<uint>("Key").ToArray());
        CollectionAssert.AreEqual(new[] { "b", "a", "b", "" }, byOccurrence.GetColumn<string>("Back").ToArray());
        var byValue = _ml.Transforms.Conversion.MapValueToKey("Key", "Word", keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue).Fit(rows).Transform(rows);
        CollectionAssert.AreEqual(new uint[] { 2, 1, 2, 0 }, byValue.GetColumn<uint>("Key").ToArray());
    }

    [TestMethod]
    public void SavedTables_AreReadBack()
    {
        var texts = new Dictionary<int, string> { [1] = "plain", [2] = "Grüße \ud83c\udf0d", [9] = "lone \ud800" };
        var vectors = new List<KeyValuePair<int, float[]>> { new(1, [1f, float.NaN]), new(9, [-0f, 3f]) };
        var pipeline = _ml.Transforms.Conversion.MapValue("Text", texts, "Id").Append(_ml.Transforms.Conversion.MapValue("Vector", vectors, "Id"))
            .Append(_ml.Transforms.Conversion.MapValueToKey("Key", "Word"));
        using var stream = new MemoryStream();
        _ml.Model.Save(pipeline.Fit(Rows()), Rows().Schema, stream);
        var view = new MLContext().Model.Load(stream, out _).Transform(Rows());
        // U+D800 alone is no text in UTF-8: only the first two must come back everywhere.
        CollectionAssert.AreEqual(new[] { "plain", "Grüße \ud83c\udf0d" }, view.GetColumn<string>("Text").Take(2).ToArray());
        CollectionAssert.AreEqual(new[] { 1f, float.NaN }, view.GetColumn<float[]>("Vector").First());
        CollectionAssert.AreEqual(new uint[] { 1, 2, 3 }, view.GetColumn<uint>("Key").ToArray());
    }

    private sealed class Row
    {
        public int Id { get; set; }

        public string Word { get; set; } = "";
    }
}
