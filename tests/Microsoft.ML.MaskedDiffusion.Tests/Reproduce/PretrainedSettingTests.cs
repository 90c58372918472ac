using System.Text.Json;
using Reproduce.Experiments;
using Reproduce.Experiments.SpeedQuality;
using Reproduce.Results;
using Reproduce.Runs;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The published settings that begin with pre-trained models.</summary>
[TestClass]
public sealed class PretrainedSettingTests
{
    private const double Tiny = 0.002;

    private readonly TemporaryFolder _folder = new();

    // Those that begin with random weights are tested in PublishedSettingTests.
    public static IEnumerable<object[]> PretrainedNames => Catalog.All
        .Where(experiment => experiment.Full is not null && experiment.FullNeedsModels)
        .Select(experiment => new object[] { experiment.Name });

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    [DynamicData(nameof(PretrainedNames))]
    public void BeginsWithTheModelsThatAreNamed(string name)
    {
        ReproduceFiles.Write(_folder.Path);
        Experiment experiment = Of(name);
        var options = new RunOptions { IsFull = true, Scale = Tiny, DataFolder = _folder.Path, Folder = _folder.File("unnamed") };
        Run Begin(RunOptions changed) => new(name, changed, new Collected<TrainingProgress>());
        Exception unnamed = Assert.Throws<FileNotFoundException>(() => experiment.Measure(Begin(options)));
        Assert.Contains("--model", unnamed.Message);

        string masked = PretrainedFile.Write(_folder, ModelKind.MaskedDiffusion);
        string autoregressive = PretrainedFile.Write(_folder, ModelKind.Autoregressive);
        options = options with { Folder = _folder.File("exchanged"), ModelFile = autoregressive, BaselineFile = masked };
        Assert.Throws<InvalidOperationException>(() => experiment.Measure(Begin(options)));

        options = options with
        {
            Folder = _folder.File("full"),
            ModelFile = masked,
            BaselineFile = autoregressive,
            JudgeFile = autoregressive,
        };
        ExperimentResult result = experiment.Measure(Begin(options));
        Assert.AreNotEqual(0, result.Claims.Count);
        Assert.IsTrue(result.Tables.All(table => table.Rows.Count > 0));
        ResultFiles.Write(experiment, options, result);
        using JsonDocument written = JsonDocument.Parse(File.ReadAllText(Path.Combine(options.Folder, "results.json")));
        WrittenSettings.AssertComplete(written.RootElement);
        Assert.IsTrue(written.RootElement.GetProperty("isFull").GetBoolean());
        Assert.AreEqual(masked, written.RootElement.GetProperty("modelFile").GetString());
    }

    [TestMethod]
    [DataRow("temporal-shift")]
    [DataRow("infilling")]
    public void ModelsWhoseTokensDifferAreNotCompared(string name)
    {
        var options = new RunOptions
        {
            IsFull = true,
            Folder = _folder.File("full"),
            ModelFile = PretrainedFile.Write(_folder, ModelKind.MaskedDiffusion),
            BaselineFile = PretrainedFile.Write(_folder, ModelKind.Autoregressive, vocabularySize: 262),
        };
        Experiment experiment = Catalog.All.Single(known => known.Name == name);
        var run = new Run(name, options, new Collected<TrainingProgress>());
        Assert.Contains("tokenizers", Assert.Throws<InvalidOperationException>(() => experiment.Measure(run)).Message);
    }

    // Texts of the published length would take most of a minute.
    private static Experiment Of(string name) => name == "speed-quality"
        ? new SpeedQualityExperiment { Published = SpeedQualitySettings.Published with { NewTokens = 128, Steps = [8, 16, 32] } }
        : Catalog.All.Single(known => known.Name == name);
}
