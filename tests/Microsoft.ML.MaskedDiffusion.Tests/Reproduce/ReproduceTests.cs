using System.Text.Json;
using Reproduce.Experiments;
using Reproduce.Results;
using Reproduce.Runs;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Every experiment in a form that takes seconds: its figures come from the models, and an interrupted run ends as a whole one.
/// </summary>
[TestClass]
public sealed class ReproduceTests
{
    private const double Tiny = 0.002;

    private readonly TemporaryFolder _folder = new();

    public static IEnumerable<object[]> Names => Catalog.All.Select(experiment => new object[] { experiment.Name });

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void ATinyRunSaysEverythingAndGoesOnAfterAnInterruption(string name)
    {
        ReproduceFiles.Write(_folder.Path);
        string whole = Measure(name, "whole", isUntrained: false);
        using JsonDocument result = JsonDocument.Parse(whole);
        JsonElement root = result.RootElement;
        Assert.AreEqual(name, root.GetProperty("experiment").GetString());
        Assert.AreEqual((1, Tiny), (root.GetProperty("seed").GetInt32(), root.GetProperty("scale").GetDouble()));
        Assert.AreNotEqual("", root.GetProperty("version").GetString());
        WrittenSettings.AssertComplete(root);
        Assert.AreNotEqual(0, root.GetProperty("claims").GetArrayLength());
        foreach (JsonElement claim in root.GetProperty("claims").EnumerateArray())
        {
            foreach (string part in new[] { "claim", "published", "measured" })
                Assert.AreNotEqual("", claim.GetProperty(part).GetString(), part);
            Assert.IsTrue(Enum.TryParse<Verdict>(claim.GetProperty("verdict").GetString(), ignoreCase: true, out _));
        }
        foreach (JsonElement table in root.GetProperty("tables").EnumerateArray())
        {
            int columns = table.GetProperty("columns").GetArrayLength();
            foreach (JsonElement row in table.GetProperty("rows").EnumerateArray())
                Assert.AreEqual(columns, row.GetArrayLength());
        }
        foreach (string file in new[] { "figure.svg", "index.html", "results.md" })
            Assert.IsGreaterThan(200, new FileInfo(Path.Combine(_folder.File("whole"), file)).Length, file);

        // The log is cut in the middle of its last line, as a kill would leave it.
        string log = Path.Combine(_folder.File("whole"), StageLog.FileName);
        string text = File.ReadAllText(log);
        File.WriteAllText(log, text[..(text.TrimEnd('\n').LastIndexOf('\n') + 20)]);
        Assert.AreEqual(whole, Measure(name, "whole", isUntrained: false));
        // Nothing is measured again where all of it is written down.
        File.Delete(Path.Combine(_folder.File("whole"), "results.json"));
        Assert.AreEqual(whole, Measure(name, "whole", isUntrained: false));

        using JsonDocument random = JsonDocument.Parse(Measure(name, "random", isUntrained: true));
        Assert.AreNotEqual(root.GetProperty("tables").GetRawText(), random.RootElement.GetProperty("tables").GetRawText());
        Assert.Throws<InvalidOperationException>(() => Measure(name, "whole", isUntrained: true), "settings of another run");
    }

    [TestMethod]
    public void ThePublishedLossesGiveThePublishedLaws()
    {
        var options = new RunOptions { IsSimulated = true, Folder = _folder.File("published") };
        Experiment experiment = Catalog.All.Single(known => known.Name == "scaling-law");
        ExperimentResult result = experiment.Measure(new Run(experiment.Name, options, new Collected<TrainingProgress>()));
        Assert.IsTrue(result.Claims.All(claim => claim.Verdict == Verdict.Holds), ResultFiles.Text(result));
    }

    [TestMethod]
    public void ARestartRemovesARunAndNothingElse()
    {
        string run = _folder.File("run");
        _ = new StageLog(run, new { Seed = 1 });
        File.WriteAllText(Path.Combine(run, "mine.txt"), "mine");
        RunFolder.Clear(run);
        CollectionAssert.AreEqual(new[] { "mine.txt" }, Directory.GetFileSystemEntries(run).Select(Path.GetFileName).ToArray());
        File.WriteAllText(Path.Combine(run, "results.json"), "of something else");
        RunFolder.Clear(run);
        Assert.IsTrue(File.Exists(Path.Combine(run, "results.json")), "a folder without a run");
    }

    [TestMethod]
    public void AFolderWithFilesOfNoRunIsRefused()
    {
        string folder = Directory.CreateDirectory(_folder.File("mine")).FullName, page = Path.Combine(folder, "index.html");
        File.WriteAllText(page, "mine");
        string message = Assert.ThrowsExactly<InvalidOperationException>(() => new StageLog(folder, new { Seed = 1 })).Message;
        StringAssert.Contains(message, "index.html is of no run");
        CollectionAssert.AreEqual(new[] { page }, Directory.GetFileSystemEntries(folder));
        Assert.AreEqual("mine", File.ReadAllText(page));
    }

    [TestMethod]
    [DataRow(0, 10, 0.0, 0.2775)]
    [DataRow(5, 10, 0.2366, 0.7634)]
    [DataRow(300, 300, 0.9874, 1.0)]
    public void SharesHaveWilsonsInterval(int right, int count, double low, double high)
    {
        Interval interval = Interval.OfShare(right, count);
        Assert.AreEqual(low, interval.Low, 5e-5);
        Assert.AreEqual(high, interval.High, 5e-5);
    }

    [TestMethod]
    public void ResamplesHaveTheIntervalOfTheirMiddle95Percent()
    {
        Interval interval = Interval.OfResampled(7, Enumerable.Range(0, 1001).Reverse().Select(i => (double)i));
        Assert.AreEqual(new Interval(7, 25, 975), interval);
    }

    private string Measure(string name, string folder, bool isUntrained)
    {
        var options = new RunOptions
        {
            Scale = Tiny, IsUntrained = isUntrained, DataFolder = _folder.Path, Folder = _folder.File(folder),
        };
        Experiment experiment = Catalog.All.Single(known => known.Name == name);
        ExperimentResult result = experiment.Measure(new Run(name, options, new Collected<TrainingProgress>()));
        ResultFiles.Write(experiment, options, result);
        return File.ReadAllText(Path.Combine(options.Folder, "results.json"));
    }
}
