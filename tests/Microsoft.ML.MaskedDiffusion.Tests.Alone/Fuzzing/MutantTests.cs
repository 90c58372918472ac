using Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;
using Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;
using Microsoft.ML.MaskedDiffusion.Fuzzing.Running;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Some hundred altered files of every format: each loads or is refused by an error that names it, and nothing is left behind. The program
/// Microsoft.ML.MaskedDiffusion.Fuzzing runs the same for thousands of them.
/// </summary>
[TestClass]
public sealed class MutantTests
{
    private static readonly string[] Variables = ["TMPDIR", "TEMP", "TMP"];

    private readonly TemporaryFolder _folder = new();
    private readonly string?[] _variables = [.. Variables.Select(Environment.GetEnvironmentVariable)];

    private string Temporary => _folder.File("temporary");

    /// <summary>What is written into the temporary folder shows in this one.</summary>
    [TestInitialize]
    public void MoveTemporaryFolder()
    {
        Directory.CreateDirectory(Temporary);
        Directory.CreateDirectory(_folder.File("work"));
        foreach (string variable in Variables)
            Environment.SetEnvironmentVariable(variable, Temporary);
    }

    [TestCleanup]
    public void PutTemporaryFolderBack()
    {
        foreach ((string variable, string? value) in Variables.Zip(_variables))
            Environment.SetEnvironmentVariable(variable, value);
        _folder.Dispose();
    }

    [TestMethod]
    [DataRow("pipeline", 80)]
    [DataRow("model", 300)]
    [DataRow("published", 300)]
    [DataRow("safetensors", 300)]
    [DataRow("tokenizer", 300)]
    [DataRow("checkpoint", 80)]
    [DataRow("tokenfolder", 100)]
    [DataRow("packed", 300)]
    [DataRow("task", 300)]
    [DataRow("batch", 200)]
    [DataRow("text", 300)]
    [DataRow("search", 100)]
    public void EveryMutantLoadsOrIsRefusedByName(string name, int mutants)
    {
        FuzzFormat format = AllFormats.Find(name);
        foreach (FileSet valid in format.Seeds)
            Assert.AreEqual("loaded", Check(format).Check(valid, 0).Outcome);
        MutantCheck check = Check(format);
        var verdicts = Enumerable.Range(0, mutants).Select(index => check.Check(seed: 1, index)).ToList();
        Assert.AreEqual("", string.Join('\n', verdicts.Where(verdict => verdict.Failure is not null)
            .Select(verdict => $"{name} 1 {verdict.Index}: {verdict.Failure}\n{verdict.Message}")));
        // Most are not what they were, and some are still good enough.
        Assert.Contains(verdict => verdict.Outcome == "loaded", verdicts);
        Assert.Contains(verdict => verdict.Outcome == nameof(InvalidDataException) || name == "tokenfolder", verdicts);
    }

    [TestMethod]
    public void AllFormatsAreTested() => CollectionAssert.AreEquivalent(
        AllFormats.Names.ToArray(),
        typeof(MutantTests).GetMethod(nameof(EveryMutantLoadsOrIsRefusedByName))!.GetCustomAttributes(typeof(DataRowAttribute), false)
            .Select(row => ((DataRowAttribute)row).Data[0]).ToArray());

    [TestMethod]
    [DataRow("null", "NullReferenceException is no documented error")]
    [DataRow("unnamed", "its message names no file")]
    [DataRow("endless message", "its message is too long")]
    [DataRow("memory", "it took more memory")]
    [DataRow("time", "it took more than 0.05 seconds")]
    [DataRow("outside", "it wrote outside its folder")]
    [DataRow("temporary", "it left files in the temporary folder")]
    [DataRow("open", "a file is still open")]
    [DataRow("named", null)]
    [DataRow("loads", null)]
    public void EveryKindOfDefectIsSeen(string defect, string? told)
    {
        using var format = new DefectFormat(defect, _folder.File("work"));
        // Less time than other defects may take, so that this one need not take five seconds.
        MutantCheck check = defect == "time"
            ? new(format, _folder.File("work"), Temporary) { MostSeconds = DefectFormat.Seconds / 2 } : Check(format);
        string? failure = check.Check(seed: 1, index: 2).Failure;
        if (told is null)
            Assert.IsNull(failure);
        else
            StringAssert.Contains(failure, told);
    }

    [TestMethod]
    public void AMutantIsMadeAgainByItsNumber()
    {
        FuzzFormat format = AllFormats.Find("text");
        foreach (int index in Enumerable.Range(0, 50))
        {
            FileSet one = Check(format).Make(4, index), two = Check(format).Make(4, index);
            CollectionAssert.AreEqual(one.Keys, two.Keys);
            foreach (string name in one.Keys)
                CollectionAssert.AreEqual(one[name], two[name]);
        }
    }

    private MutantCheck Check(FuzzFormat format) => new(format, _folder.File("work"), Temporary);

    /// <summary>A reader with a defect.</summary>
    private sealed class DefectFormat(string defect, string work) : FuzzFormat, IDisposable
    {
        public const double Seconds = 0.1;

        private FileStream? _open;

        public override string Name => "defect";

        public override void Open(string folder)
        {
            switch (defect)
            {
                case "null":
                    throw new NullReferenceException();
                case "unnamed":
                    throw new InvalidDataException("Something is wrong somewhere.");
                case "named":
                    throw new InvalidDataException($"{folder} is wrong.");
                case "endless message":
                    throw new InvalidDataException($"{folder} is wrong: {new string('x', 10_000)}");
                case "memory":
                    GC.KeepAlive(new byte[100 << 20]);
                    break;
                case "time":
                    TimeSpan started = Environment.CpuUsage.TotalTime;
                    while ((Environment.CpuUsage.TotalTime - started).TotalSeconds < Seconds)
                        Thread.SpinWait(1000);
                    break;
                case "outside":
                    File.WriteAllText(Path.Combine(work, "outside"), "");
                    break;
                case "temporary":
                    File.WriteAllText(Path.Combine(Path.GetTempPath(), "left"), "");
                    break;
                case "open":
                    _open = File.OpenRead(Directory.GetFiles(folder).Single());
                    break;
            }
        }

        public override FileSet Mutate(Random random) => new(Seeds[0]);

        public void Dispose() => _open?.Dispose();

        protected override IReadOnlyList<FileSet> MakeSeeds() => [new FileSet { ["file"] = [1, 2, 3] }];
    }
}
