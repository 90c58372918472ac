using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Each transform, saved and loaded in every way: the same bits.</summary>
[TestClass]
public sealed class SavedTransformTests
{
    private static readonly MaskedDiffusionModel Model = TinyModel.Create(4);

    private static readonly List<TextRow> Texts = TextRow.Make("the cat sat", "",
        "the river runs to the sea and the sea is wide and the cat sat on the mat by the door of the old house", "🙂");

    private readonly MLContext _ml = new(1);

    [ClassCleanup]
    public static void Free() => Model.Dispose();

    private LikelihoodScoringTransformer Likelihood(MaskedDiffusionModel? model = null) => _ml.MaskedDiffusion()
        .ScoreLikelihood(model ?? Model,
            new LikelihoodScoringOptions { Stride = 7, Likelihood = { Samples = 8, Seed = 5, Method = LikelihoodMethod.MonteCarlo } })
        .Fit(View());

    private IDataView View() => _ml.Data.LoadFromEnumerable(Texts);

    private static ITransformer Reload(MLContext ml, ITransformer transformer, DataViewSchema schema)
    {
        using var stream = new MemoryStream();
        ml.Model.Save(transformer, schema, stream);
        stream.Position = 0;
        return new MLContext().Model.Load(stream, out _);
    }

    private static string[] Types(DataViewSchema schema) => [.. schema.Where(c => !c.IsHidden).Select(c => $"{c.Name}: {c.Type}")];

    [TestMethod]
    public void LikelihoodsAreTheSameAfterLoadingAndUnwrapping()
    {
        LikelihoodScoringTransformer transformer = Likelihood();
        LikelihoodRow[] expected = LikelihoodRow.Read(_ml, transformer.Transform(View()));
        ITransformer loaded = Reload(_ml, transformer, View().Schema);
        CollectionAssert.AreEqual(expected, LikelihoodRow.Read(_ml, loaded.Transform(View())));
        CollectionAssert.AreEqual(Types(transformer.GetOutputSchema(View().Schema)), Types(loaded.GetOutputSchema(View().Schema)));
        using PredictionEngine<TextRow, LikelihoodRow> engine = _ml.Model.CreatePredictionEngine<TextRow, LikelihoodRow>(loaded);
        CollectionAssert.AreEqual(expected, Texts.Select(engine.Predict).ToArray());

        using var unwrapped = (LikelihoodScoringTransformer)new MLContext().MaskedDiffusion().Unwrap(loaded);
        CollectionAssert.AreEqual(expected, LikelihoodRow.Read(_ml, unwrapped.Transform(View())));
        // And once more round: what was unwrapped saves again.
        CollectionAssert.AreEqual(expected, LikelihoodRow.Read(_ml, Reload(_ml, unwrapped, View().Schema).Transform(View())));
    }

    [TestMethod]
    public void ChoicesAreTheSameAfterLoadingAndStillEvaluate()
    {
        IDataView view = _ml.Data.LoadFromEnumerable(ChoiceScoringTests.Questions);
        ChoiceScoringOptions options = ChoiceScoringTests.Fast();
        options.Normalization = ChoiceNormalization.PerByte;
        ChoiceScoringTransformer transformer = _ml.MaskedDiffusion().ScoreChoices(Model, options).Fit(view);
        string[] expected = [.. ChoiceScoringTests.Read(transformer.Transform(view)).Select(row => row.ToString())];
        ITransformer loaded = Reload(_ml, transformer, view.Schema);
        CollectionAssert.AreEqual(expected, ChoiceScoringTests.Read(loaded.Transform(view)).Select(row => row.ToString()).ToArray());
        CollectionAssert.AreEqual(Types(transformer.GetOutputSchema(view.Schema)), Types(loaded.GetOutputSchema(view.Schema)));
        MulticlassClassificationMetrics before = _ml.MulticlassClassification.Evaluate(transformer.Transform(view),
            scoreColumnName: "Probability");
        MulticlassClassificationMetrics after = _ml.MulticlassClassification.Evaluate(loaded.Transform(view),
            scoreColumnName: "Probability");
        Assert.AreEqual((before.MicroAccuracy, before.LogLoss), (after.MicroAccuracy, after.LogLoss));
        using var unwrapped = (ChoiceScoringTransformer)_ml.MaskedDiffusion().Unwrap(loaded);
        CollectionAssert.AreEqual(expected, ChoiceScoringTests.Read(unwrapped.Transform(view)).Select(row => row.ToString()).ToArray());
    }

    [TestMethod]
    public void ManyOptionsKeepTheirPlacesThroughSaving()
    {
        // More than one saved step can spread.
        List<ChoiceScoringTests.Question> questions =
            [new() { Context = "one", Choices = [.. Enumerable.Range(0, 37).Select(i => i % 5 == 0 ? "" : $"{i}")] }];
        IDataView view = _ml.Data.LoadFromEnumerable(questions);
        ChoiceScoringTransformer transformer = _ml.MaskedDiffusion().ScoreChoices(Model, ChoiceScoringTests.Fast()).Fit(view);
        Assert.AreEqual(37, transformer.ChoiceCount);
        Assert.AreEqual(ChoiceScoringTests.Read(transformer.Transform(view))[0].ToString(),
            ChoiceScoringTests.Read(Reload(_ml, transformer, view.Schema).Transform(view))[0].ToString());
    }

    [TestMethod]
    public void GapsAreFilledTheSameAfterLoading()
    {
        IDataView view = _ml.Data.LoadFromEnumerable(InfillTests.Rows);
        InfillTransformer transformer = _ml.MaskedDiffusion().Infill(Model, InfillTests.Options()).Fit(view);
        string[] expected = InfillTests.Read(transformer.Transform(view));
        ITransformer loaded = Reload(_ml, transformer, view.Schema);
        CollectionAssert.AreEqual(expected, InfillTests.Read(loaded.Transform(view)));
        using var unwrapped = (InfillTransformer)_ml.MaskedDiffusion().Unwrap(loaded);
        CollectionAssert.AreEqual(expected, InfillTests.Read(unwrapped.Transform(view)));
    }

    [TestMethod]
    public void AChainOfOursAndOthersIsUnwrappedInPlaceAndSharesItsWeights()
    {
        IDataView view = View();
        // A model of its own: ML.NET's loaded mappings in other tests hold shares of theirs until they are collected.
        using MaskedDiffusionModel model = TinyModel.Create(41);
        LikelihoodScoringTransformer first = Likelihood(model);
        var second = (ITransformer)_ml.MaskedDiffusion().Infill(model, "Text", "Filled").Fit(view);
        var chain = new TransformerChain<ITransformer>(first, _ml.Transforms.CopyColumns("Again", "TokenCount").Fit(first.Transform(view)),
            second);
        ITransformer loaded = Reload(_ml, chain, view.Schema), unwrapped = _ml.MaskedDiffusion().Unwrap(loaded);
        ITransformer[] members = [.. (TransformerChain<ITransformer>)unwrapped];
        Assert.AreEqual(3, members.Length);
        var likelihood = (LikelihoodScoringTransformer)members[0];
        var infill = (InfillTransformer)members[2];
        Assert.AreSame(likelihood.Model.Network.Parameters, infill.Model.Network.Parameters);
        CollectionAssert.AreEqual(LikelihoodRow.Read(_ml, chain.Transform(view)), LikelihoodRow.Read(_ml, unwrapped.Transform(view)));
        infill.Dispose();
        Assert.AreEqual(4, LikelihoodRow.Read(_ml, likelihood.Transform(view)).Length);
        likelihood.Dispose();
        likelihood.Dispose();
        Unwrapped.Throws<ObjectDisposedException>(() => LikelihoodRow.Read(_ml, likelihood.Transform(view)));
        ITransformer foreign = _ml.Transforms.CopyColumns("Again", "Text").Fit(view);
        Assert.AreSame(foreign, _ml.MaskedDiffusion().Unwrap(foreign));
    }

    [TestMethod]
    public void SaveModelAndLoadModelCarryAnySize()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("lm.zip");
        LikelihoodScoringTransformer transformer = Likelihood();
        LikelihoodRow[] expected = LikelihoodRow.Read(_ml, transformer.Transform(View()));
        foreach (long limit in new[] { 64L << 20, 0 })
        {
            _ml.MaskedDiffusion().SaveModel(transformer, View().Schema, path, limit);
            Assert.AreEqual(limit == 0 ? 1 : 0, Directory.GetFiles(folder.Path, "*.mdm").Length);
            Assert.AreEqual(limit == 0 ? 2 : 1, Directory.GetFiles(folder.Path).Length, "nothing half-written stays");
            using var loaded = (LikelihoodScoringTransformer)new MLContext().MaskedDiffusion().LoadModel(path, out DataViewSchema schema);
            Assert.AreEqual(2, schema.Count);
            CollectionAssert.AreEqual(expected, LikelihoodRow.Read(_ml, loaded.Transform(View())));
            if (limit > 0)
            {
                CollectionAssert.AreEqual(expected, LikelihoodRow.Read(_ml, new MLContext().Model.Load(path, out _).Transform(View())));
                continue;
            }
            // ML.NET does not tell where a zip is, and the zip does not say where it was written.
            string missing = Unwrapped.Throws<FileNotFoundException>(
                () => LikelihoodRow.Read(_ml, new MLContext().Model.Load(path, out _).Transform(View()))).Message;
            StringAssert.Contains(missing, "LoadModel");
            StringAssert.Contains(missing, "MDM_MODEL_PATH");
        }
        // The weights beside the zip are a model of their own.
        using MaskedDiffusionModel model = MaskedDiffusionModel.Load(Directory.GetFiles(folder.Path, "*.mdm").Single());
        Assert.AreEqual(Model.Config, model.Config);
    }

    [TestMethod]
    public void ASaveThatFailsLeavesWhatWasThere()
    {
        using var folder = new TemporaryFolder();
        Assert.ThrowsExactly<DirectoryNotFoundException>(() =>
            _ml.MaskedDiffusion().SaveModel(Likelihood(), null, Path.Combine(folder.Path, "missing", "lm.zip")));
        string path = folder.File("lm.zip");
        _ml.MaskedDiffusion().SaveModel(Likelihood(), null, path);
        byte[] before = File.ReadAllBytes(path);
        ITransformer broken = new TransformerChain<ITransformer>(Likelihood(),
            _ml.Transforms.CustomMapping<TextRow, TextRow>((a, b) => b.Text = a.Text, null).Fit(View()));
        Assert.ThrowsExactly<InvalidOperationException>(() => _ml.MaskedDiffusion().SaveModel(broken, null, path));
        CollectionAssert.AreEqual(before, File.ReadAllBytes(path));
        CollectionAssert.AreEqual(new[] { path }, Directory.GetFiles(folder.Path));
    }

    [TestMethod]
    public void EachFormatSaysWhichCallOpensItAndOneCallOpensAll()
    {
        using var folder = new TemporaryFolder();
        using MaskedDiffusionModel model = TinyModel.Create(5);
        var ml = new MLContext(1);
        IDataView view = ml.Data.LoadFromEnumerable(TextRow.Make("the cat"));
        MaskedDiffusionCatalog ours = ml.MaskedDiffusion();
        string zip = folder.File("m.zip"), archive = folder.File("m.mdm"), plain = folder.File("model");
        ours.SaveModel(ours.ScoreLikelihood(model).Fit(view), view.Schema, zip);
        model.Save(archive);
        model.Save(plain);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => MaskedDiffusionModel.Load(zip)).Message, "LoadModel");
        foreach (string path in new[] { archive, plain })
        {
            StringAssert.Contains(
                Assert.ThrowsExactly<InvalidDataException>(() => ours.LoadModel(path, out _)).Message, "MaskedDiffusionModel.Load");
        }
        foreach (string path in new[] { zip, archive, plain })
        {
            using MaskedDiffusionModel opened = ours.OpenModel(path);
            Assert.AreEqual(new LikelihoodScorer(model).Score("the cat"), new LikelihoodScorer(opened).Score("the cat"));
        }
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => model.Save(folder.File("other.zip"))).Message, "SaveModel");
        Assert.IsFalse(Directory.Exists(folder.File("other.zip")));
    }

    [TestMethod]
    public void TheAuthorsFolderIsNotInTheZip()
    {
        using var folder = new TemporaryFolder();
        using MaskedDiffusionModel model = TinyModel.Create(5);
        var ml = new MLContext(1);
        IDataView view = ml.Data.LoadFromEnumerable(TextRow.Make("the cat"));
        string zip = folder.File("beside.zip");
        ml.MaskedDiffusion().SaveModel(ml.MaskedDiffusion().ScoreLikelihood(model).Fit(view), view.Schema, zip, selfContainedLimit: 0);
        using System.IO.Compression.ZipArchive read = System.IO.Compression.ZipFile.OpenRead(zip);
        string name = Path.GetFileName(folder.Path);
        foreach (System.IO.Compression.ZipArchiveEntry entry in read.Entries)
        {
            using var content = new MemoryStream();
            using (Stream stream = entry.Open())
                stream.CopyTo(content);
            Assert.DoesNotContain(name, System.Text.Encoding.UTF8.GetString(content.ToArray()), entry.FullName);
            Assert.DoesNotContain(name, System.Text.Encoding.Unicode.GetString(content.ToArray()), entry.FullName);
        }
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void WhoDisposesALoadedModelTakesItFromNobodyElse(bool besideZip)
    {
        using var folder = new TemporaryFolder();
        using MaskedDiffusionModel model = TinyModel.Create(8);
        string path = folder.File("lm.zip");
        LikelihoodScoringTransformer saved = _ml.MaskedDiffusion().ScoreLikelihood(model).Fit(View());
        _ml.MaskedDiffusion().SaveModel(saved, View().Schema, path, besideZip ? 0 : 64L << 20);
        LikelihoodRow[] expected = LikelihoodRow.Read(_ml, saved.Transform(View()));
        LikelihoodScoringTransformer Load() => (LikelihoodScoringTransformer)_ml.MaskedDiffusion().LoadModel(path, out _);
        void Works(ITransformer transformer) =>
            CollectionAssert.AreEqual(expected, LikelihoodRow.Read(_ml, transformer.Transform(View())));

        LikelihoodScoringTransformer first = Load(), second = Load();
        first.Model.Dispose();
        Unwrapped.Throws<ObjectDisposedException>(() => Works(first));
        Works(second);
        using (MaskedDiffusionModel opened = _ml.MaskedDiffusion().OpenModel(path))
            Works(_ml.MaskedDiffusion().ScoreLikelihood(opened).Fit(View()));
        Works(second);
        second.Model.Dispose();
        // Nobody holds it any more, and both transformers are still there.
        using (LikelihoodScoringTransformer third = Load())
            Works(third);
        if (!besideZip)
            Works(_ml.Model.Load(path, out _));
        using (LikelihoodScoringTransformer fourth = Load())
        {
            first.Dispose();
            second.Dispose();
            Works(fourth);
        }
    }

    [TestMethod]
    public void AModelThatAnEngineDisposedSaysHow()
    {
        MaskedDiffusionModel model = TinyModel.Create(5);
        var ml = new MLContext(1);
        IDataView view = ml.Data.LoadFromEnumerable(TextRow.Make("the cat"));
        model.Dispose();
        foreach (Action use in new Action[]
        {
            () => new LikelihoodScorer(model).Score("the cat"), () => new Infiller(model).Fill("the [MASK]"),
            () => model.Save(new MemoryStream()),
            () => ml.MaskedDiffusion().ScoreLikelihood(model).Fit(view).Transform(view).GetColumn<float>("NegativeLogLikelihood").ToArray(),
        })
        {
            ObjectDisposedException error = Unwrapped.Throws<ObjectDisposedException>(use);
            StringAssert.Contains(error.Message, "PredictionEngineOptions.OwnsTransformer");
            Assert.AreEqual(nameof(MaskedDiffusionModel), error.ObjectName);
        }
    }

    [TestMethod]
    public void ALimitThatNoArrayCanHoldIsRefused()
    {
        using var folder = new TemporaryFolder();
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => _ml.MaskedDiffusion().SaveModel(Likelihood(), null, folder.File("lm.zip"), selfContainedLimit: 3L << 30));
        StringAssert.Contains(error.Message, "1073741824");
    }
}
