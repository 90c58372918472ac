using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace StandIns.Tests.Model;

/// <summary>How an outside assembly's transformer saves a model inside stock transformers and gets it back.</summary>
[TestClass]
public sealed class CarrierTests
{
    private const string KeyContract = "StandIns.Tests.CarrierKey";
    private const string ScoreContract = "StandIns.Tests.CarrierScore";

    private readonly MLContext _ml = new(1);

    private IDataView Rows() => _ml.Data.LoadFromEnumerable([new Row { Sentence = "ab" }, new Row { Sentence = "xyz" }]);

    private ITransformer Carrier(string[] chunks)
    {
        var t = _ml.Transforms;
        return t.CustomMapping<NoInput, KeyRow>(SetKey, KeyContract)
            .Append(t.CopyColumns("__text", "Sentence"))
            .Append(t.Conversion.MapValue("__blob", new List<KeyValuePair<int, string[]>> { new(1, chunks) }, "__key"))
            .Append(t.CustomMapping<In, Out>(Score, ScoreContract))
            .Append(t.CopyColumns("Sum", "__score"))
            .Append(t.DropColumns("__key", "__text", "__blob", "__score"))
            .Fit(Rows());
    }

    private MemoryStream Save(string[] chunks)
    {
        var stream = new MemoryStream();
        _ml.Model.Save(new OutsideTransformer(Carrier(chunks)), Rows().Schema, stream);
        return stream;
    }

    [TestMethod]
    public void AnOutsideTransformer_ComesBackAsItsCarrier()
    {
        using var stream = Save(["12345", "678"]);
        var ml = new MLContext();
        var loaded = ml.Model.Load(stream, out _);
        var view = loaded.Transform(Rows());
        CollectionAssert.AreEqual(new[] { "Sentence", "Sum" }, view.Schema.Select(c => c.Name).ToArray());
        CollectionAssert.AreEqual(new[] { 10f, 11f }, view.GetColumn<float>("Sum").ToArray());
        using var engine = ml.Model.CreatePredictionEngine<Row, Answer>(loaded);
        Assert.AreEqual(9f, engine.Predict(new Row { Sentence = "q" }).Sum);
        Assert.AreEqual(12f, engine.Predict(new Row { Sentence = "wxyz" }).Sum);
    }

    [TestMethod]
    public void SixteenMebibytes_ComeBackUnchanged_AndAsTheSameStringsForEveryRow()
    {
        var bytes = new byte[16 << 20];
        new Random(5).NextBytes(bytes);
        var chunks = bytes.Chunk(4 << 20).Select(part => Convert.ToBase64String(part)).ToArray();
        using var stream = Save(chunks);
        var loaded = (IEnumerable<ITransformer>)new MLContext().Model.Load(stream, out _);
        // The first three steps make the blob column; what follows only uses it.
        var view = loaded.Take(3).Aggregate(Rows(), (data, step) => step.Transform(data));
        var first = new List<string>();
        foreach (var blob in view.GetColumn<VBuffer<ReadOnlyMemory<char>>>("__blob"))
        {
            Assert.AreEqual(chunks.Length, blob.Length);
            for (int i = 0; i < chunks.Length; i++) Assert.IsTrue(blob.GetValues()[i].Span.SequenceEqual(chunks[i]));
            Assert.IsTrue(MemoryMarshal.TryGetString(blob.GetValues()[0], out string? text, out _, out _));
            first.Add(text!);
        }
        Assert.AreEqual(2, first.Count);
        Assert.AreSame(first[0], first[1]);
    }

    private static void SetKey(NoInput source, KeyRow target) => target.Key = 1;

    private static void Score(In source, Out target) => target.Score = source.Text.Length + source.Blob.DenseValues().Sum(chunk => chunk.Length);

    [CustomMappingFactoryAttribute(KeyContract)]
    internal sealed class KeyFactory : CustomMappingFactory<NoInput, KeyRow>
    {
        public override Action<NoInput, KeyRow> GetMapping() => SetKey;
    }

    [CustomMappingFactoryAttribute(ScoreContract)]
    internal sealed class ScoreFactory : CustomMappingFactory<In, Out>
    {
        public override Action<In, Out> GetMapping() => Score;
    }

    internal sealed class Row
    {
        public string Sentence { get; set; } = "";
    }

    internal sealed class Answer
    {
        public float Sum { get; set; }
    }

    internal sealed class NoInput
    {
    }

    internal sealed class KeyRow
    {
        [ColumnName("__key")]
        public int Key { get; set; }
    }

    internal sealed class In
    {
        [ColumnName("__text")]
        public ReadOnlyMemory<char> Text { get; set; }

        [ColumnName("__blob")]
        public VBuffer<ReadOnlyMemory<char>> Blob { get; set; }
    }

    internal sealed class Out
    {
        [ColumnName("__score")]
        public float Score { get; set; }
    }
}
