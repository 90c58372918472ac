using System.Text.Json;
using Reproduce.Experiments;
using Reproduce.Experiments.Common;
using Reproduce.Experiments.Orders;
using Reproduce.Experiments.ScalingLaw;
using Reproduce.Experiments.Steps;
using Reproduce.Results;
using Reproduce.Runs;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// The published settings that begin with random weights. Their networks are too large for a test, so an experiment takes its published
/// setting as a property, and a test gives it the same setting with networks and numbers that take seconds.
/// </summary>
[TestClass]
public sealed class PublishedSettingTests
{
    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    public void ScalingLawTrainsOnPackedTokens()
    {
        WritePackedText();
        TransformerConfig[] networks = [Network(8), Network(16), Network(24)];
        var experiment = new ScalingLawExperiment
        {
            Published = ScalingLawSettings.Published with
            {
                Budgets = [new IsoFlopBudget(3e6, networks, networks), new IsoFlopBudget(1e7, networks, networks)],
                BatchSize = 4,
                LearningRate = 1e-2,
                HeldOutBlocks = 3,
                HeldOutSamples = 2,
                Resamples = 20,
            },
        };
        ExperimentResult result = Measure(experiment, _folder.Path);
        Assert.HasCount(3, result.Claims);
        Assert.HasCount(12, result.Tables[0].Rows);
        string[] losses = [.. result.Tables[0].Rows.Select(row => row[^1].ToString()!)];
        Assert.HasCount(12, losses.Distinct(), "every network and budget has a loss of its own");
        Assert.IsFalse(Directory.Exists(_folder.File("full/models")), "no model is kept");
        Assert.IsEmpty(Directory.GetFileSystemEntries(_folder.File("full/checkpoints")), "nor a checkpoint of a finished stage");
    }

    [TestMethod]
    public void ScalingLawsIntervalsHoldWhatLiesBetweenLossesAndParabolas()
    {
        // On parabolas whose least losses follow a law, and on the same held-out text, nothing is uncertain.
        Assert.Contains("exponents -0.06 (-0.06 to -0.06) and -0.08 (-0.08 to -0.08)", Measured(apart: 0));
        // Losses that lie beside them leave room on both sides of the exponents.
        string measured = Measured(apart: 0.02);
        foreach (string certain in new[] { "(-0.06 to", "to -0.06)", "(-0.08 to", "to -0.08)" })
            Assert.DoesNotContain(certain, measured);

        static string Measured(double apart)
        {
            LossPoint[] points =
            [
                .. from kind in Enum.GetValues<ModelKind>()
                   from budget in new[] { 1e11, 2e11, 4e11, 8e11 }
                   from size in new[] { -2, -1, 0, 1, 2 }
                   let exponent = kind == ModelKind.MaskedDiffusion ? -0.06 : -0.08
                   let beside = (size + 2) % 2 == 0 ? apart : -apart
                   let loss = 20 * Math.Pow(budget, exponent) + 0.1 * size * size + beside
                   select new LossPoint(kind, budget, (long)Math.Round(20_000 * Math.Exp(size)), new Interval(loss, loss, loss),
                       [.. Enumerable.Repeat(loss, 200)]),
            ];
            return ScalingLawResults.Conclude(points, new Random(1), new { }).Claims[0].Measured;
        }
    }

    [TestMethod]
    public void ScalingLawsSizesLieAroundThePublishedOptimum()
    {
        IReadOnlyList<IsoFlopBudget> budgets = ScalingLawSettings.Published.Budgets;
        CollectionAssert.AreEqual(PublishedPoints.Flops, budgets.Select(budget => budget.Flops).ToArray());
        for (int i = 0; i < budgets.Count; i++)
        {
            AssertAround(PublishedPoints.MaskedDiffusionParameters[i], budgets[i].MaskedDiffusion);
            AssertAround(PublishedPoints.AutoregressiveParameters[i], budgets[i].Autoregressive);
        }
        Assert.IsTrue(ScalingLawSettings.Published.Networks.All(network => network.ContextLength == 2048));

        static void AssertAround(double optimum, TransformerConfig[] networks)
        {
            long[] sizes = [.. networks.Select(network => network.NonEmbeddingParameterCount)];
            CollectionAssert.AreEqual(sizes.Order().ToArray(), sizes);
            Assert.IsTrue(sizes[1] < optimum && optimum < sizes[^2], $"two sizes or more on each side of {optimum}");
        }
    }

    [TestMethod]
    [DataRow("training", "There is no folder")]
    [DataRow("held-out", "There is no folder")]
    [DataRow("tokenizer", "There is no folder")]
    [DataRow("training/train_0000000000.bin", "train_*.bin")]
    public void MissingPackedTokensAreToldWithTheWayToMakeThem(string missing, string expected)
    {
        WritePackedText();
        string path = _folder.File(missing);
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        else
            Array.ForEach(Directory.GetFiles(Path.GetDirectoryName(path)!), File.Delete);
        InvalidOperationException error =
            Assert.Throws<InvalidOperationException>(() => Measure(new ScalingLawExperiment(), _folder.Path));
        Assert.Contains(expected, error.Message);
        Assert.Contains("SavePackedTokens", error.Message);
    }

    [TestMethod]
    public void WithoutAFolderThePackedTokensAreAskedFor() =>
        Assert.Contains("--data", Assert.Throws<InvalidOperationException>(() => Measure(new ScalingLawExperiment(), null)).Message);

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void OrdersTrainsOnSudokusOfNine(bool hasFiles)
    {
        if (hasFiles)
        {
            PuzzleFileTests.Write(_folder.File("sudoku-train-data.npy"), count: 30, seed: 1);
            PuzzleFileTests.Write(_folder.File("sudoku-test-data.npy"), count: 4, seed: 2);
        }
        var experiment = new OrdersExperiment
        {
            Published = OrdersSettings.Published with
            {
                Training = new PromptTraining(Layers: 1, Width: 32, Steps: 2, BatchSize: 4),
                AutoregressiveTraining = new PromptTraining(Layers: 2, Width: 32, Steps: 2, BatchSize: 4),
                GeneratedPuzzles = 20,
                Questions = 3,
                Steps = [2, 5],
            },
        };
        ExperimentResult result = Measure(experiment, hasFiles ? _folder.Path : null);
        Assert.Contains("here of 2.0 times the size", result.Claims[1].Published);
        Assert.HasCount(11, result.Tables[0].Rows);
        using JsonDocument written = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder.File("full"), "results.json")));
        JsonElement settings = written.RootElement.GetProperty("settings");
        Assert.AreEqual(hasFiles ? 30 : 20, settings.GetProperty("trainingRows").GetInt32());
        Assert.AreEqual(9, settings.GetProperty("settings").GetProperty("sudoku").GetProperty("side").GetInt32());
    }

    [TestMethod]
    public void StepsWritesTextsOfEveryLength()
    {
        var experiment = new StepsExperiment
        {
            Published = StepsSettings.Published with
            {
                Network = Network(16),
                Training = new SmallTraining { BatchSize = 4 },
                MicroBatchSize = 2,
                TrainingSteps = 2,
                TrainingTexts = 20,
                Samples = 3,
                Lengths = [4, 8],
            },
        };
        ExperimentResult result = Measure(experiment, dataFolder: null);
        Assert.HasCount(7, result.Tables[0].Rows);
        Assert.HasCount(2, result.Tables[1].Rows);
    }

    [TestMethod]
    public void OrdersHasThePublishedNetworks()
    {
        OrdersSettings settings = OrdersSettings.Published;
        Assert.AreEqual(TransformerConfig.FromPreset("6M").NonEmbeddingParameterCount, settings.Training.Parameters);
        Assert.AreEqual(42e6, settings.TrainingOf(ModelKind.Autoregressive).Parameters, 1e6);
        Assert.AreEqual(300L * 1_800_000 / 128, settings.Training.Steps);
    }

    [TestMethod]
    public void AFolderWithoutThePuzzlesIsTold() => Assert.Contains("sudoku-test-data.npy",
        Assert.Throws<FileNotFoundException>(() => Measure(new OrdersExperiment(), _folder.Path)).Message);

    private static TransformerConfig Network(int width) => new()
    {
        Name = $"tiny {width}", LayerCount = 1, HeadCount = 2, EmbeddingSize = width, FeedForwardSize = 2 * width, ContextLength = 16,
    };

    private ExperimentResult Measure(Experiment experiment, string? dataFolder)
    {
        var options = new RunOptions { IsFull = true, DataFolder = dataFolder, Folder = _folder.File("full") };
        Assert.IsNotNull(experiment.Full);
        Assert.IsFalse(experiment.FullNeedsModels);
        ExperimentResult result = experiment.Measure(new Run(experiment.Name, options, new Collected<TrainingProgress>()));
        ResultFiles.Write(experiment, options, result);
        using JsonDocument written = JsonDocument.Parse(File.ReadAllText(Path.Combine(options.Folder, "results.json")));
        WrittenSettings.AssertComplete(written.RootElement);
        return result;
    }

    // The folders of packed tokens, with a tokenizer that a training of one step has learned.
    private void WritePackedText()
    {
        var ml = new MLContext(1);
        IDataView Texts(int first) => ml.Data.LoadFromEnumerable(
            Enumerable.Range(first, 40)
                .Select(i => new TextRow { Text = $"The kite number {i} flies over {i * 7} doors and {i % 5} mills." }));
        var options = new TrainerOptions
        {
            Network = Network(8), Tokenizer = TokenizerSource.TrainBytePairEncoding(300), MaxSteps = 1,
        };
        using LikelihoodScoringTransformer trained = ml.MaskedDiffusion().Trainer(options).Fit(Texts(0));
        TextTokenizer tokenizer = trained.Model.Tokenizer;
        Directory.CreateDirectory(_folder.File("tokenizer"));
        foreach ((string name, byte[] content) in tokenizer.Files)
            File.WriteAllBytes(Path.Combine(_folder.File("tokenizer"), name), content);
        var packing = new PackedTokensOptions { TokensPerFile = 17 * 20 };
        ml.MaskedDiffusion().SavePackedTokens(Texts(0), tokenizer, _folder.File("training"), packing);
        ml.MaskedDiffusion().SavePackedTokens(Texts(100), tokenizer, _folder.File("held-out"), packing);
    }
}
