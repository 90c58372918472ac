using System.Text;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Save and load through stock transformers, with the fake computation.</summary>
[TestClass]
public sealed class CarrierTests
{
    private sealed class Source
    {
        public int Number { get; set; }

        public string Text { get; set; } = "";
    }

    private sealed class Answer
    {
        public int Number { get; set; }

        public int Length { get; set; }

        public string Upper { get; set; } = "";

        [VectorType(2)]
        public float[] Codes { get; set; } = [];

        public uint Parity { get; set; }

        public float Half { get; set; }

        public override string ToString() => $"{Number} {Length} {Upper} {string.Join('/', Codes)} {Parity} {Half}";
    }

    private readonly MLContext _ml = new(5);

    private static List<Source> Rows { get; } = [.. Enumerable.Range(0, 12)
        .Select(i => new Source { Number = i, Text = FakeComputation.Name(i) })];

    private IDataView View() => _ml.Data.LoadFromEnumerable(Rows);

    private static string[] Read(IDataView view) =>
        [.. new MLContext().Data.CreateEnumerable<Answer>(view, reuseRowObject: false).OrderBy(a => a.Number).Select(a => a.ToString())];

    private static FakeTransformer Fake(string body) => new(new FakeComputation(), Encoding.UTF8.GetBytes(body));

    private MemoryStream Save(ITransformer transformer)
    {
        var stream = new MemoryStream();
        _ml.Model.Save(transformer, View().Schema, stream);
        stream.Position = 0;
        return stream;
    }

    [TestMethod]
    public void ALoadedTransformerGivesTheSameColumnsAndValuesInAFreshContext()
    {
        FakeTransformer fake = Fake("same");
        using MemoryStream stream = Save(fake);
        ITransformer loaded = new MLContext().Model.Load(stream, out DataViewSchema schema);
        CollectionAssert.AreEqual(new[] { "Number", "Text" }, schema.Select(c => c.Name).ToArray());
        IDataView expected = fake.Transform(View()), actual = loaded.Transform(View());
        CollectionAssert.AreEqual(Read(expected), Read(actual));
        CollectionAssert.AreEqual(
            expected.Schema.Where(c => !c.IsHidden).Select(c => $"{c.Name}: {c.Type}").ToArray(),
            actual.Schema.Where(c => !c.IsHidden).Select(c => $"{c.Name}: {c.Type}").ToArray());
    }

    [TestMethod]
    public void ThePartsOfAChainKeepTheirPlaces()
    {
        IDataView view = View();
        TransformerChain<ITransformer> chain = new(
            _ml.Transforms.CopyColumns("Copy", "Text").Fit(view), Fake("chain 1"), _ml.Transforms.CopyColumns("Text", "Upper")
                .Fit(Fake("").Transform(view)), Fake("chain 2"));
        using MemoryStream stream = Save(chain);
        ITransformer loaded = new MLContext().Model.Load(stream, out _);
        CollectionAssert.AreEqual(Read(chain.Transform(view)), Read(loaded.Transform(view)));
        Assert.AreEqual(4, ((TransformerChain<ITransformer>)loaded).Count());
        CollectionAssert.AreEqual(
            new[] { false, true, false, true }, ((TransformerChain<ITransformer>)loaded).Select(CarrierReader.IsCarrier).ToArray());
    }

    [TestMethod]
    public void PredictionEnginesGiveTheSameBeforeAndAfter()
    {
        FakeTransformer fake = Fake("engines");
        using MemoryStream stream = Save(fake);
        ITransformer loaded = new MLContext().Model.Load(stream, out _);
        string[] expected = Read(fake.Transform(View()));
        foreach (ITransformer transformer in new[] { fake, loaded })
        {
            using PredictionEngine<Source, Answer> engine = _ml.Model.CreatePredictionEngine<Source, Answer>(transformer);
            CollectionAssert.AreEqual(expected, Rows.Select(row => engine.Predict(row).ToString()).ToArray());
        }
    }

    [TestMethod]
    public void ALoadedTransformerDecodesItsDataOnceForAllRowsThreadsAndEngines()
    {
        string body = Guid.NewGuid().ToString();
        using MemoryStream stream = Save(Fake(body));
        ITransformer loaded = new MLContext().Model.Load(stream, out _);
        Assert.AreEqual(0, FakeFactory.DecodedTimes(body));
        string[] expected = Read(Fake(body).Transform(View()));
        Parallel.For(0, 8, _ => CollectionAssert.AreEqual(expected, Read(loaded.Transform(View()))));
        Parallel.For(0, 8, _ =>
        {
            PredictionEngine<Source, Answer> engine = new MLContext().Model.CreatePredictionEngine<Source, Answer>(
                loaded, new PredictionEngineOptions { OwnsTransformer = false });
            CollectionAssert.AreEqual(expected, Rows.Select(row => engine.Predict(row).ToString()).ToArray());
        });
        Assert.AreEqual(1, FakeFactory.DecodedTimes(body));
    }

    [TestMethod]
    public void ALoadedCarrierShowsWhatItHolds()
    {
        using MemoryStream stream = Save(Fake("contents"));
        ITransformer loaded = new MLContext().Model.Load(stream, out _);
        Assert.IsTrue(CarrierReader.IsCarrier(loaded));
        Assert.IsFalse(CarrierReader.IsCarrier(Fake("")));
        using CarrierContents contents = CarrierReader.Read(loaded, null);
        using var reader = new StreamReader(contents.Body);
        Assert.AreEqual((FakeTransformer.Kind, "!", "contents"), (
            contents.Header.Kind, contents.Header.Settings.GetProperty("Suffix").GetString(), reader.ReadToEnd()));
    }

    [TestMethod]
    public void ACutZipIsRefused()
    {
        using MemoryStream stream = Save(Fake("cut"));
        byte[] bytes = stream.ToArray();
        foreach (int length in new[] { 0, 10, bytes.Length / 2, bytes.Length - 1 })
            Unwrapped.Throws<InvalidDataException>(() => new MLContext().Model.Load(new MemoryStream(bytes[..length]), out _));
    }

    [TestMethod]
    public void AnAlteredBodyIsRefusedAtTheFirstRowAndByReading()
    {
        // ML.NET compresses the map in the zip, so the map is taken out of a loaded model, altered, and saved again in its place.
        string text = Convert.ToBase64String(Encoding.UTF8.GetBytes(new string('k', 300)));
        string other = Convert.ToBase64String(Encoding.UTF8.GetBytes(new string('j', 300)));
        using MemoryStream intact = Save(Fake(new string('k', 300)));
        ITransformer[] steps = [.. (IEnumerable<ITransformer>)new MLContext().Model.Load(intact, out _)];
        IDataView key = steps[0].Transform(new BlankView(BlankView.EmptySchema, 1));
        string[] chunks =
        [
            .. steps[1].Transform(key).GetColumn<ReadOnlyMemory<char>[]>(CarrierNames.Blob).Single().Select(chunk => chunk.ToString()),
        ];
        Assert.AreEqual(text, chunks[1]);
        chunks[1] = other;
        IEnumerable<KeyValuePair<int, string[]>> map = [KeyValuePair.Create(CarrierNames.BlobKey, chunks)];
        steps[1] = _ml.Transforms.Conversion.MapValue<int, string>(CarrierNames.Blob, map, CarrierNames.Key).Fit(key);
        using MemoryStream altered = Save(new TransformerChain<ITransformer>(steps));
        ITransformer loaded = new MLContext().Model.Load(altered, out _);
        StringAssert.Contains(Unwrapped.Throws<InvalidDataException>(() => Read(loaded.Transform(View()))).Message, "SHA-256");
        StringAssert.Contains(Unwrapped.Throws<InvalidDataException>(() => CarrierReader.Read(loaded, null)).Message, "SHA-256");
    }

    [TestMethod]
    public void ALargeBodyStandsBesideTheZip()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "big.zip"), body = Guid.NewGuid().ToString();
        FakeTransformer fake = Fake(body);
        using (new CarrierLocation(path, sizeLimit: 10))
            _ml.Model.Save(fake, View().Schema, path);
        string weights = Directory.GetFiles(folder.Path, "big-*.mdm").Single();
        CollectionAssert.AreEquivalent(new[] { path, weights }, Directory.GetFiles(folder.Path));
        Assert.AreEqual(body, File.ReadAllText(weights));
        string[] expected = Read(fake.Transform(View()));

        // Moved together they are found, by whoever says where the zip stands.
        string moved = Path.Combine(folder.Path, "elsewhere");
        Directory.CreateDirectory(moved);
        File.Move(weights, Path.Combine(moved, Path.GetFileName(weights)));
        File.Move(path, Path.Combine(moved, "big.zip"));
        ITransformer loaded;
        using (new CarrierLocation(Path.Combine(moved, "big.zip")))
            loaded = new MLContext().Model.Load(Path.Combine(moved, "big.zip"), out _);
        CollectionAssert.AreEqual(expected, Read(loaded.Transform(View())));

        ITransformer blind = new MLContext().Model.Load(Path.Combine(moved, "big.zip"), out _);
        StringAssert.Contains(Unwrapped.Throws<FileNotFoundException>(() => Read(blind.Transform(View()))).Message, "LoadModel");

        File.WriteAllText(Path.Combine(moved, Path.GetFileName(weights)), Guid.NewGuid().ToString());
        using (new CarrierLocation(Path.Combine(moved, "big.zip")))
            loaded = new MLContext().Model.Load(Path.Combine(moved, "big.zip"), out _);
        StringAssert.Contains(Unwrapped.Throws<InvalidDataException>(() => Read(loaded.Transform(View()))).Message, "SHA-256");
    }

    [TestMethod]
    public void ABodyAboveTheLimitNeedsAPlace()
    {
        var plan = Fake("x").Plan() with { EstimatedLength = CarrierWriter.SizeLimit + 1 };
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => CarrierWriter.Build(plan)).Message, "SaveModel");
    }
}
