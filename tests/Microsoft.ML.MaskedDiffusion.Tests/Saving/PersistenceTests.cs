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
        using ModelTransformer transformer = Components.Estimator(_ml, name, model).Fit(rows);
        string alone = _folder.File("alone.zip"), among = _folder.File("among.zip"), again = _folder.File("again.zip");
        _ml.Model.Save(transformer, rows.Schema, alone);
        Check(alone, transformer, name);

        TransformerChain<ITransformer> chain = Among(transformer, rows);
        _ml.Model.Save(chain, rows.Schema, among);
        Check(among, chain, name);
        if (Components.MapsRows(name))
        {
            // What ML.NET itself has loaded saves again.
            ITransformer stock = new MLContext().Model.Load(among, out DataViewSchema schema);
            new MLContext().Model.Save(stock, schema, again);
            CheckOurs(again, chain);
        }
        ITransformer unwrapped = new MLContext().MaskedDiffusion().LoadModel(among, out DataViewSchema stored);
        using (unwrapped as IDisposable)
            new MLContext().MaskedDiffusion().SaveModel(unwrapped, stored, again);
        CheckOurs(again, chain);
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
            CheckSame(Among(transformer, rows), loaded);
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

    // Every way of loading a file.
    private static void Check(string path, ITransformer saved, string name)
    {
        CheckOurs(path, saved);
        if (!Components.MapsRows(name))
            return;
        ITransformer stock = new MLContext().Model.Load(path, out _);
        CheckSame(saved, stock);
        ITransformer unwrapped = new MLContext().MaskedDiffusion().Unwrap(stock);
        using (unwrapped as IDisposable)
            CheckSame(saved, unwrapped);
    }

    private static void CheckOurs(string path, ITransformer saved)
    {
        ITransformer ours = new MLContext().MaskedDiffusion().LoadModel(path, out DataViewSchema schema);
        Assert.AreEqual(Components.View(1).Schema.Count, schema.Count);
        using (ours as IDisposable)
            CheckSame(saved, ours);
    }

    private static void CheckSame(ITransformer expected, ITransformer found)
    {
        IDataView rows = Components.View(5);
        CollectionAssert.AreEqual(Columns(expected, rows.Schema), Columns(found, rows.Schema));
        CollectionAssert.AreEqual(Components.Values(expected.Transform(rows)), Components.Values(found.Transform(rows)));
    }

    private static string[] Columns(ITransformer transformer, DataViewSchema input) =>
        [.. transformer.GetOutputSchema(input).Where(column => !column.IsHidden).Select(column => $"{column.Name}: {column.Type}")];
}
