using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Checkpoints;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using static Microsoft.ML.MaskedDiffusion.Tests.TinyTraining;
using static Microsoft.ML.MaskedDiffusion.Tests.TrainingOutcome;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed partial class CheckpointTests
{
    private static readonly TrainingSettings Settings = new()
    {
        MaxSteps = 12,
        BatchSize = 8,
        MicroBatchSize = 4,
        LearningRate = 0.03,
        MinLearningRateRatio = 1,
        WarmupSteps = 0,
        ProgressInterval = 4,
        ValidationInterval = 3,
        Seed = 11,
    };

    private static readonly LanguageBlocks Train = new(20, Length, symbols: 4, seed: 1);
    // Mostly symbols that training never shows: the best weights are early ones, and a checkpoint has to hold them beside the last.
    private static readonly LanguageBlocks Held = new(16, Length, symbols: 12, seed: 2);

    private sealed class KilledException : Exception;

    private static TrainingOutcome Run(TrainingSettings settings, ITokenBlocks? validation = null, ITrainingObjective? objective = null,
        CancellationToken cancellationToken = default, ITokenBlocks? train = null, TransformerConfig? config = null) =>
        TrainingOutcome.Of(config ?? Config, train ?? Train, validation, settings, objective, cancellationToken: cancellationToken);

    private static TrainingSettings In(TemporaryFolder folder, bool resume = true, int keep = 3, List<string>? log = null,
        long? interval = 2, double? minutes = null) => Settings with
        {
            Checkpoints = new CheckpointSettings
            {
                Folder = folder.File(
            "run"), Interval = interval, Minutes = minutes, Keep = keep, Resume = resume, Log = log is null ? null : log.Add
            },
        };

    /// <summary>Runs until the given micro batch, of which there are two a step, and is killed there.</summary>
    private static void RunAndStop(TrainingSettings settings, int microBatch, ITokenBlocks? validation = null) =>
        Assert.ThrowsExactly<KilledException>(
            () => Run(settings, validation, train: new StoppingBlocks(microBatch, () => throw new KilledException())));

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(5)]
    [DataRow(12)]
    [DataRow(17)]
    [DataRow(24)]
    public void ARunStoppedAnywhereAndResumedEndsWithTheSameBits(int microBatch)
    {
        using var folder = new TemporaryFolder();
        TrainingOutcome whole = Run(Settings, Held);
        Limit.Below(12, whole.Result.BestStep);
        RunAndStop(In(folder, resume: false), microBatch, Held);
        AssertSame(whole, Run(In(folder), Held));
        // Once more, now from the checkpoint of the end.
        AssertSame(whole, Run(In(folder), Held));
    }

    [TestMethod]
    [DataRow(5)]
    [DataRow(17)]
    [DataRow(24)]
    public void AveragedWeightsResumeToTheSameBits(int microBatch)
    {
        using var folder = new TemporaryFolder();
        TrainingOutcome whole = Run(Settings with { EmaDecay = 0.8 }, Held);
        // Validation stops getting better at the last but one: the best weights are in no other file.
        Limit.Below(12, whole.Result.BestStep);
        RunAndStop(In(folder) with { EmaDecay = 0.8 }, microBatch, Held);
        AssertSame(whole, Run(In(folder) with { EmaDecay = 0.8 }, Held));
        AssertSame(whole, Run(In(folder) with { EmaDecay = 0.8 }, Held));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(
            () => Run(In(folder), Held)).Message, "EmaDecay: 0.8 in the checkpoint, null now");
    }

    [TestMethod]
    public void TheBestAveragesAreNotTakenForTheWeightsOfTheirStep()
    {
        using var folder = new TemporaryFolder();
        // A checkpoint at each validation, which gets better all the time.
        TrainingSettings settings = Settings with { EmaDecay = 0.8, ValidationInterval = 2, LearningRate = 1e-3 };
        TrainingOutcome whole = Run(settings, Train);
        Assert.AreEqual(12, whole.Result.BestStep);
        RunAndStop(settings with { Checkpoints = In(folder).Checkpoints }, 10, Train);
        AssertSame(whole, Run(settings with { Checkpoints = In(folder).Checkpoints }, Train));
    }

    [TestMethod]
    public void ARunStoppedManyTimesEndsWithTheSameBits()
    {
        using var folder = new TemporaryFolder();
        TrainingOutcome whole = Run(Settings with { LearningRate = 1e-3 });
        for (int stop = 0; stop < 4; stop++)
            RunAndStop(In(folder) with { LearningRate = 1e-3 }, 6);
        AssertSame(whole, Run(In(folder) with { LearningRate = 1e-3 }));
    }

    [TestMethod]
    public void ARunOutOfPatienceStaysSo()
    {
        using var folder = new TemporaryFolder();
        TrainingSettings impatient = Settings with { MaxSteps = 60, ValidationInterval = 1, EarlyStoppingPatience = 3 };
        TrainingOutcome whole = Run(impatient, Held);
        Assert.AreEqual(TrainingStop.EarlyStopping, whole.Result.Stop);
        Run(impatient with { Checkpoints = In(folder).Checkpoints }, Held);
        AssertSame(whole, Run(impatient with { Checkpoints = In(folder).Checkpoints }, Held));
    }

    [TestMethod]
    public void TheLastFewAreKept()
    {
        using var folder = new TemporaryFolder();
        Run(In(folder, keep: 2));
        CollectionAssert.AreEqual(new[] { "step-000000010", "step-000000012" }, Names(folder));
    }

    [TestMethod]
    public void MinutesAreCountedByTheClock()
    {
        using var folder = new TemporaryFolder();
        var clock = new FakeClock();
        // Each of the two losses of a step takes half a minute.
        var objective = new SpyingObjective(new DiffusionObjective(Config), _ => clock.Advance(30));
        Run(In(folder, keep: 99, interval: null, minutes: 5) with { Clock = clock }, objective: objective);
        CollectionAssert.AreEqual(new[] { "step-000000005", "step-000000010", "step-000000012" }, Names(folder));
    }

    [TestMethod]
    public void SomebodysFilesInACheckpointKeepItFromBeingRemoved()
    {
        using var folder = new TemporaryFolder();
        RunAndStop(In(folder), 10);
        string first = Names(folder)[0], notes = folder.File($"run/{first}/notes.txt");
        File.WriteAllText(notes, "mine");
        AssertSame(Run(Settings), Run(In(folder)));
        Assert.AreEqual("mine", File.ReadAllText(notes));
        CollectionAssert.Contains(Names(folder), first);
    }

    [TestMethod]
    [DataRow("model.safetensors")]
    [DataRow("manifest.json")]
    [DataRow("state.json")]
    public void AFolderOfSomebodysWeightsIsRefusedBeforeTraining(string name)
    {
        using var folder = new TemporaryFolder();
        string mine = folder.File($"run/step-000000002/{name}");
        Directory.CreateDirectory(Path.GetDirectoryName(mine)!);
        File.WriteAllText(mine, "mine");
        // The names are a checkpoint's, but nothing proves that it is one.
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => Run(In(folder))).Message, name);
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(
            () => CheckpointRun.CheckFolder(folder.File("run"), resume: true)).Message, name);
        Assert.AreEqual("mine", File.ReadAllText(mine));
    }

    [TestMethod]
    public void AnEmptyFolderOfSomebodyIsNotRemoved()
    {
        using var folder = new TemporaryFolder();
        RunAndStop(In(folder, interval: 2), 10);
        Directory.CreateDirectory(folder.File("run/step-000000099"));
        AssertSame(Run(Settings), Run(In(folder)));
        CollectionAssert.Contains(Names(folder), "step-000000099");
    }

    [TestMethod]
    [DataRow("model.safetensors", true)]
    [DataRow("optimizer.safetensors", false)]
    [DataRow("state.json", true)]
    [DataRow("manifest.json", true)]
    public void ADamagedOneIsPassedOverForTheOneBefore(string file, bool cut)
    {
        using var folder = new TemporaryFolder();
        var log = new List<string>();
        RunAndStop(In(folder), 14);
        Damage(folder, "step-000000006", file, cut);
        AssertSame(Run(Settings), Run(In(folder, log: log)));
        StringAssert.Contains(string.Join('\n', log), "Falling back to the checkpoint of step 4");
        StringAssert.Contains(string.Join('\n', log), file);
        StringAssert.Contains(string.Join('\n', log), "Resumed at step 4");
    }

    [TestMethod]
    [DataRow("\"losses\": [")]
    [DataRow("\"validations\": [")]
    public void ANullInAListIsDamage(string list)
    {
        using var folder = new TemporaryFolder();
        RunAndStop(In(folder), 14);
        string checkpoint = folder.File("run/step-000000006"), state = Path.Combine(checkpoint, CheckpointState.Name);
        string text = File.ReadAllText(state);
        StringAssert.Contains(text, list);
        Assert.IsNotNull(CheckpointState.Read(checkpoint));
        File.WriteAllText(state, text.Replace(list, list + (text.Contains(list + "]") ? "null" : "null,"), StringComparison.Ordinal));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => CheckpointState.Read(checkpoint)).Message, "null");
    }

    [TestMethod]
    public void WithAllDamagedItIsRefusedAndNothingRemoved()
    {
        using var folder = new TemporaryFolder();
        RunAndStop(In(folder), 10);
        Damage(folder, "step-000000002", "optimizer.safetensors", cut: true);
        File.Delete(folder.File("run/step-000000004/model.safetensors"));
        var error = Assert.ThrowsExactly<InvalidDataException>(() => Run(In(folder)));
        StringAssert.Contains(error.Message, "optimizer.safetensors");
        StringAssert.Contains(error.Message, "model.safetensors");
        Assert.HasCount(2, Names(folder));
    }

    [TestMethod]
    public void AnotherRunIsRefusedWithEveryDifference()
    {
        using var folder = new TemporaryFolder();
        RunAndStop(In(folder), 10);
        var error = Assert.ThrowsExactly<InvalidOperationException>(
            () => Run(In(folder) with { LearningRate = 0.2, Seed = 12 }, Held, train: new LanguageBlocks(20, Length, symbols: 4, seed: 9),
            config: Config with { FeedForwardSize = 96 }));
        string[] lines = [.. error.Message.Split('\n').Where(line => line.StartsWith("  ", StringComparison.Ordinal))
            .Select(line => line.Trim())];
        Assert.HasCount(5, lines);
        StringAssert.StartsWith(lines[0], "LearningRate: 0.03 in the checkpoint, 0.2 now");
        StringAssert.StartsWith(lines[1], "Network.FeedForwardSize: 64 in the checkpoint, 96 now");
        StringAssert.StartsWith(lines[2], "Seed: 11 in the checkpoint, 12 now");
        StringAssert.StartsWith(lines[3], "Training data: 20 blocks of 8 tokens, SHA-256 ");
        StringAssert.StartsWith(lines[4], "Validation data: none in the checkpoint, 16 blocks of 8 tokens");
        Assert.HasCount(2, Names(folder));
    }

    [TestMethod]
    public void TraitsAndVersionsAreHeldAgainstEachOther()
    {
        var was = new Dictionary<string, string> { ["Training arithmetic"] = "version 1", ["Objective"] = "A", ["Gone"] = "1" };
        var now = new Dictionary<string, string> { ["Training arithmetic"] = "version 2", ["Objective"] = "A", ["New"] = "2" };
        CollectionAssert.AreEqual(new[] { "Gone: 1 in the checkpoint, (nothing) now", "New: (nothing) in the checkpoint, 2 now",
            "Training arithmetic: version 1 in the checkpoint, version 2 now" },
            RecordedSettings.Differences(was, now, "in the checkpoint").ToArray());
    }

    [TestMethod]
    public void OtherArithmeticIsRefusedAnotherBuildIsNot()
    {
        using var folder = new TemporaryFolder();
        RunAndStop(In(folder), 10);
        void Rewrite(string from, string to) => StoredState.Rewrite(folder.File("run/step-000000004"), from, to);
        Rewrite("\"library\": \"1", "\"library\": \"9");
        Rewrite($"version {TrainingArithmetic.Version}", "version 0");
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Run(In(folder)));
        StringAssert.Contains(error.Message, $"Training arithmetic: version 0 in the checkpoint, version {TrainingArithmetic.Version} now");
        StringAssert.Contains(error.Message, "version 9");
        Rewrite("version 0", $"version {TrainingArithmetic.Version}");
        AssertSame(Run(Settings), Run(In(folder)));
    }

    [TestMethod]
    public void ProgressAndCheckpointOptionsMayChange()
    {
        using var folder = new TemporaryFolder();
        RunAndStop(In(folder), 10);
        TrainingOutcome resumed = Run(In(folder, keep: 1, interval: 5) with
        {
            ProgressInterval = 1,
            CancelBehavior = CancelBehavior.ReturnBestSoFar,
            ActivationCheckpointing = true
        });
        TrainingOutcome whole = Run(Settings);
        CollectionAssert.AreEqual(whole.Weights["lm_head.weight"], resumed.Weights["lm_head.weight"]);
    }

    [TestMethod]
    public void AnotherPrecisionIsAnotherRun()
    {
        using var folder = new TemporaryFolder();
        RunAndStop(In(folder), 10);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Run(In(folder) with { Precision = Precision.BFloat16Mixed }));
        StringAssert.Contains(error.Message, "Precision: Float32 in the checkpoint, BFloat16Mixed now");
    }

    [TestMethod]
    public void ARunWithoutASeedTakesTheCheckpoints()
    {
        using var folder = new TemporaryFolder();
        RunAndStop(In(folder), 10);
        TrainingSettings other = In(folder) with { Seed = 99 };
        AssertSame(Run(Settings), Run(other with { Checkpoints = other.Checkpoints! with { AdoptSeed = true } }));
    }

    [TestMethod]
    public void AFolderWithCheckpointsIsNotOverwritten()
    {
        using var folder = new TemporaryFolder();
        Run(In(folder));
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Run(In(folder, resume: false)));
        StringAssert.Contains(error.Message, "Checkpoints.Resume");
    }

    [TestMethod]
    public void FilesOfAUserBesideTheCheckpointsStay()
    {
        using var folder = new TemporaryFolder();
        string[] names = [".step-000000004.notes", ".step-4", ".step-", "step-4", "step-000000004.backup", ".old"];
        foreach (string name in names)
            Directory.CreateDirectory(folder.File(name));
        using var store = new CheckpointStore(folder.Path);
        Assert.IsEmpty(store.Steps());
        CollectionAssert.AreEquivalent(names, Directory.GetDirectories(folder.Path).Select(Path.GetFileName).ToArray());
    }

    [TestMethod]
    public void TwoTrainingsDoNotShareAFolder()
    {
        using var folder = new TemporaryFolder();
        using var first = new CheckpointStore(folder.Path);
        var error = Assert.ThrowsExactly<IOException>(() => new CheckpointStore(folder.Path));
        StringAssert.Contains(error.Message, "another training");
    }

    private static string[] Names(TemporaryFolder folder) =>
        [.. Directory.EnumerateDirectories(folder.File("run")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static void Damage(TemporaryFolder folder, string checkpoint, string file, bool cut)
    {
        string path = folder.File(Path.Combine("run", checkpoint, file));
        byte[] bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, cut ? bytes[..(bytes.Length / 2)] : bytes);
    }

    /// <summary>
    /// The training data, which do something when a micro batch is read, after they were read once for their hash where there are
    /// checkpoints.
    /// </summary>
    private sealed class StoppingBlocks(int microBatch, Action stop) : ITokenBlocks
    {
        private int _reads;

        public int Count => Train.Count;

        public int Length => Train.Length;

        public long TokenCount => Train.TokenCount;

        public void Read(int index, Span<long> destination)
        {
            if (++_reads == Count + (microBatch - 1) * Settings.MicroBatchSize + 1)
                stop();
            Train.Read(index, destination);
        }
    }
}
