using System.IO.Compression;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace StandIns.Tests.Model;

[TestClass]
public sealed class SaveAndLoadTests
{
    private readonly MLContext _ml = new(1);

    private IDataView Rows() => _ml.Data.LoadFromEnumerable([new Row { Id = 1, Values = [1, 2] }, new Row { Id = 2, Values = [3, 4] }]);

    private byte[] Saved()
    {
        var map = new List<KeyValuePair<int, string[]>> { new(1, ["one", "eins"]), new(2, ["two", "zwei"]) };
        var pipeline = _ml.Transforms.Conversion.MapValue("Words", map, "Id").Append(_ml.Transforms.CopyColumns("Again", "Values"))
            .Append(_ml.Transforms.Concatenate("Twice", "Values", "Again")).Append(_ml.Transforms.DropColumns("Again"));
        using var stream = new MemoryStream();
        _ml.Model.Save(pipeline.Fit(Rows()), Rows().Schema, stream);
        return stream.ToArray();
    }

    private static ITransformer Load(byte[] bytes) => new MLContext().Model.Load(new MemoryStream(bytes), out _);

    [TestMethod]
    public void AChain_ComesBack_WithItsSchema()
    {
        var loaded = new MLContext().Model.Load(new MemoryStream(Saved()), out var schema);
        CollectionAssert.AreEqual(new[] { "Id", "Values" }, schema.Select(c => c.Name).ToArray());
        Assert.AreEqual(2, ((VectorDataViewType)schema["Values"].Type).Size);
        Assert.AreEqual(4, ((IEnumerable<ITransformer>)loaded).Count());
        var view = loaded.Transform(Rows());
        CollectionAssert.AreEqual(new[] { "two", "zwei" }, view.GetColumn<string[]>("Words").Last());
        CollectionAssert.AreEqual(new[] { 3f, 4f, 3f, 4f }, view.GetColumn<float[]>("Twice").Last());
        Assert.IsNull(view.Schema.GetColumnOrNull("Again"));
    }

    [TestMethod]
    public void TheZip_HasOneFolderPerStep()
    {
        using var zip = new ZipArchive(new MemoryStream(Saved()));
        var names = zip.Entries.Select(e => e.FullName.Replace('\\', '/')).ToHashSet();
        foreach (string name in new[] { "TrainingInfo/Version.txt", "TransformerChain/Model.key", "TransformerChain/Transform_000/Model.key",
            "TransformerChain/Transform_000/DefaultMap.idv", "TransformerChain/Transform_003/Model.key", "Schema" })
            Assert.IsTrue(names.Contains(name), name);
    }

    [TestMethod]
    public void WithoutASchema_NoneIsLoaded()
    {
        using var stream = new MemoryStream();
        _ml.Model.Save(_ml.Transforms.CopyColumns("B", "Id").Fit(Rows()), null, stream);
        var loaded = _ml.Model.Load(stream, out var schema);
        Assert.IsNull(schema);
        CollectionAssert.AreEqual(new[] { 1, 2 }, loaded.Transform(Rows()).GetColumn<int>("B").ToArray());
    }

    [TestMethod]
    public void Files_WorkLikeStreams()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            _ml.Model.Save(_ml.Transforms.CopyColumns("B", "Id").Fit(Rows()), Rows().Schema, path);
            Assert.AreEqual(2, _ml.Model.Load(path, out _).Transform(Rows()).GetColumn<int>("B").Last());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [TestMethod]
    public void ATransformerThatWritesNothing_CannotBeSaved()
    {
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => _ml.Model.Save(new Silent(), Rows().Schema, new MemoryStream()));
        StringAssert.Contains(error.Message, "ModelSignature not specified!");
    }

    [TestMethod]
    public void DamagedFiles_AreRefused()
    {
        var good = Saved();
        byte[] none = [], foreign = "this is no model at all"u8.ToArray();
        AssertRefused(none);
        AssertRefused(foreign);
        foreach (int length in new[] { 10, good.Length / 2, good.Length - 1 }) AssertRefused(good[..length]);
        using var otherZip = new MemoryStream();
        using (var zip = new ZipArchive(otherZip, ZipArchiveMode.Create, leaveOpen: true)) zip.CreateEntry("readme.txt");
        AssertRefused(otherZip.ToArray());
    }

    private static void AssertRefused(byte[] bytes)
    {
        Exception? error = null;
        try
        {
            Load(bytes);
        }
        catch (Exception e)
        {
            error = e;
        }
        Assert.IsTrue(error is InvalidDataException or FormatException or InvalidOperationException, $"{bytes.Length} bytes: {error?.GetType().Name ?? "loaded"}");
    }

    internal sealed class Row
    {
        public int Id { get; set; }

        [VectorType(2)]
        public float[] Values { get; set; } = [];
    }

    private sealed class Silent : ITransformer
    {
        public bool IsRowToRowMapper => false;

        public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => inputSchema;

        public IDataView Transform(IDataView input) => input;

        public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => throw new NotSupportedException();

        public void Save(ModelSaveContext ctx)
        {
        }
    }
}
