using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Every transformer, alone and between ML.NET's own: saved, loaded, saved again and unwrapped it gives the same bits.</summary>
[TestClass]
public sealed class PersistenceTests
{
    private readonly MLContext _ml = new(1);
    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    [DynamicData(nameof(Components.All), typeof(Components))]
    public void EveryWayOfLoadingGivesTheSameBits(string name)
    {
        using MaskedDiffusionModel model = Components.Model(name);
        IDataView rows = Components.View(5);
        foreach (bool amongOthers in new[] { false, true })
        {
            using ModelTransformer transformer = Components.Estimator(_ml, name, model).Fit(rows);
            ITransformer saved = amongOthers ? Among(transformer, rows) : transformer;
            string[] expected = Components.Values(saved.Transform(rows)), columns = Columns(saved, rows.Schema);
            string first = _folder.File($"{amongOthers}.zip"), second = _folder.File($"{amongOthers} again.zip");
            _ml.Model.Save(saved, rows.Schema, first);
            Check(first, expected, columns, name);
            string origin = first;
            if (Components.MapsRows(name))
            {
                // What ML.NET itself has loaded saves again, and can be unwrapped at any time.
                ITransformer stock = new MLContext().Model.Load(first, out DataViewSchema schema);
                new MLContext().Model.Save(stock, schema, second);
                Check(second, expected, columns, name);
                origin = second;
            }
            ITransformer unwrapped = new MLContext().MaskedDiffusion().LoadModel(origin, out DataViewSchema stored);
            using (unwrapped as IDisposable)
                new MLContext().MaskedDiffusion().SaveModel(unwrapped, stored, second);
            Check(second, expected, columns, name);
        }
    }

    [TestMethod]
    [DynamicData(nameof(Components.All), typeof(Components))]
    public void AModelBesideItsZipIsHeldToItsHash(string name)
    {
        using MaskedDiffusionModel model = Components.Model(name);
        IDataView rows = Components.View(5);
        using ModelTransformer transformer = Components.Estimator(_ml, name, model).Fit(rows);
        string zip = _folder.File("beside.zip");
        _ml.MaskedDiffusion().SaveModel(Among(transformer, rows), rows.Schema, zip, selfContainedLimit: 0);
        string weights = Directory.GetFiles(_folder.Path, "*.mdm").Single();
        ITransformer loaded = _ml.MaskedDiffusion().LoadModel(zip, out _);
        using (loaded as IDisposable)
            CollectionAssert.AreEqual(Components.Values(Among(transformer, rows).Transform(rows)), Components.Values(loaded.Transform(rows)));
        byte[] bytes = File.ReadAllBytes(weights);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(weights, bytes);
        string message = Assert.ThrowsExactly<InvalidDataException>(() => _ml.MaskedDiffusion().LoadModel(zip, out _)).Message;
        StringAssert.Contains(message, "SHA-256");
        StringAssert.Contains(message, weights);
    }

    // Between a transform that replaces columns which ours reads and one that reads a column which ours adds.
    private TransformerChain<ITransformer> Among(ITransformer transformer, IDataView rows)
    {
        ITransformer before = _ml.Transforms.Text.NormalizeText("Prompt").Append(_ml.Transforms.Text.NormalizeText("Text"))
            .Append(_ml.Transforms.Text.NormalizeText("Context")).Fit(rows);
        IDataView scored = transformer.Transform(before.Transform(rows));
        return new TransformerChain<ITransformer>(
            before, transformer, _ml.Transforms.CopyColumns("Copied", scored.Schema[^1].Name).Fit(scored));
    }

    private static void Check(string path, string[] expected, string[] columns, string name)
    {
        IDataView rows = Components.View(5);
        ITransformer ours = new MLContext().MaskedDiffusion().LoadModel(path, out DataViewSchema schema);
        using (ours as IDisposable)
        {
            Assert.AreEqual(rows.Schema.Count, schema.Count);
            CollectionAssert.AreEqual(columns, Columns(ours, rows.Schema));
            CollectionAssert.AreEqual(expected, Components.Values(ours.Transform(rows)));
        }
        if (!Components.MapsRows(name))
            return;
        ITransformer stock = new MLContext().Model.Load(path, out _);
        CollectionAssert.AreEqual(columns, Columns(stock, schema));
        CollectionAssert.AreEqual(expected, Components.Values(stock.Transform(rows)));
        ITransformer unwrapped = new MLContext().MaskedDiffusion().Unwrap(stock);
        using (unwrapped as IDisposable)
            CollectionAssert.AreEqual(expected, Components.Values(unwrapped.Transform(rows)));
    }

    private static string[] Columns(ITransformer transformer, DataViewSchema input) =>
        [.. transformer.GetOutputSchema(input).Where(column => !column.IsHidden).Select(column => $"{column.Name}: {column.Type}")];
}
