using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using DocumentationDemo.Corpus;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Robustness;

/// <summary>
/// A small training with checkpoints, on .NET's reference documentation, in processes that are killed and go on. Kills are counted over all
/// of its runs.
/// </summary>
internal sealed class KilledTraining
{
    private const string Ready = "training", ProcessSign = ": process ";
    private const int VirtualRanks = 4, HeldOut = 20, DocumentCount = 400;
    private const string ResumeSign = "Resumed at step ";
    private readonly string _folder;
    private readonly Random _random;
    private double _seconds;

    /// <summary>Prepares the text.</summary>
    /// <param name="folder">For text, checkpoints and models; it must exist.</param>
    /// <param name="documents">What is learned; the first of them are.</param>
    /// <param name="random">Chooses the moments of the kills.</param>
    public KilledTraining(string folder, IEnumerable<CorpusRow> documents, Random random)
    {
        _folder = folder;
        _random = random;
        File.WriteAllLines(TextPath, documents.Take(DocumentCount).Select(row => row.Text.ReplaceLineEndings(" ")));
    }

    public int Kills { get; private set; }

    public int KillsWhileWriting { get; private set; }

    public int Resumed { get; private set; }

    /// <summary>The seconds from a kill until all ranks had ended, at most.</summary>
    public double SlowestEnd { get; private set; }

    private string TextPath => Path.Combine(_folder, "text.txt");

    public static Subcommand ChildCommand()
    {
        var text = new Option<string>("--text") { Description = "file with a document in each line", Required = true };
        var folder = new Option<string>("--checkpoints") { Description = "checkpoint folder", Required = true };
        var model = new Option<string>("--model") { Description = "file to write the model to", Required = true };
        var mpi = new Option<bool>("--mpi") { Description = "train together with the other processes" };
        var command = new Subcommand("kill-child", "the training that `kill` and `soak` run") { text, folder, model, mpi };
        command.Hidden = true;
        command.SetAction(result =>
        {
            using MpiProcessGroup? group = result.GetValue(mpi) ? MpiProcessGroup.Start() : null;
            Train(File.ReadAllLines(result.GetValue(text)!), result.GetValue(folder)!, result.GetValue(model)!, group);
        });
        return command;
    }

    /// <summary>The hash of the model of an uninterrupted run of one process.</summary>
    public string Whole()
    {
        var watch = Stopwatch.StartNew();
        string hash = Run("whole", 1, null) ?? throw new InvalidOperationException("The uninterrupted run failed.");
        _seconds = watch.Elapsed.TotalSeconds;
        return hash;
    }

    /// <summary>
    /// The hash of the model of a run whose processes are killed again and again until one is done. Call <see cref="Whole"/> before.
    /// </summary>
    /// <param name="name">A name for the run's files; a run with a name of before goes on from its checkpoints.</param>
    /// <param name="ranks">The processes that train together.</param>
    /// <param name="kills">How many of them are killed at most, one after the other.</param>
    /// <param name="report">Gets a line for each kill.</param>
    public string Killed(string name, int ranks, int kills, Action<string> report)
    {
        int last = Kills + kills;
        while (true)
        {
            int before = Kills;
            string? hash = Run(name, ranks, (store, process, processIds) => Kills < last && Kill(store, process, processIds, report));
            if (hash is not null)
                return hash;
            if (Kills == before)
                throw new InvalidOperationException("A process of the training failed without being killed.");
        }
    }

    /// <summary>Removes what a run has left.</summary>
    public void Forget(string name)
    {
        File.Delete(ModelPath(name));
        Directory.Delete(StorePath(name), recursive: true);
    }

    private static void Train(string[] lines, string checkpoints, string model, MpiProcessGroup? group)
    {
        bool isFirst = group is null or { Rank: 0 };
        if (group is { Rank: 0 })
            Console.WriteLine(group.Description);
        var ml = new MLContext(1);
        ml.Log += (_, e) =>
        {
            if (isFirst && e.RawMessage.StartsWith(ResumeSign, StringComparison.Ordinal))
                Console.WriteLine(e.RawMessage);
        };
        Document[] rows = [.. lines.Select(line => new Document { Text = line })];
        var ready = false;
        var options = new TrainerOptions
        {
            Network = new TransformerConfig
            {
                LayerCount = 2, HeadCount = 4, EmbeddingSize = 128, FeedForwardSize = 256, ContextLength = 64,
            },
            Tokenizer = TokenizerSource.TrainBytePairEncoding(512),
            MaxSteps = 120,
            BatchSize = 8,
            ValidationSet = ml.Data.LoadFromEnumerable(rows.Take(HeldOut)),
            Validation = { Interval = 10, MaxBlocks = 4 },
            ProgressInterval = 7,
            Seed = 3,
            Device = "cpu",
            Checkpoints = { Folder = checkpoints, Interval = 3, Resume = true },
            Compute = { VirtualRanks = VirtualRanks },
            ProcessGroup = group is null ? SingleProcess.Instance : group,
            Progress = new ImmediateProgress(report =>
            {
                if (ready || !isFirst || report.Phase != TrainingPhase.Packing)
                    return;
                ready = true;
                Console.WriteLine(Ready);
            }),
        };
        using LikelihoodScoringTransformer trained =
            new MaskedDiffusionTrainer(ml, options).Fit(ml.Data.LoadFromEnumerable(rows.Skip(HeldOut)));
        if (isFirst)
            trained.Model.Save(model);
    }

    private string StorePath(string name) => Path.Combine(_folder, name);

    private string ModelPath(string name) => Path.Combine(_folder, name + MaskedDiffusionModel.ArchiveExtension);

    /// <summary>Kills a process at a random moment; false when the training ended before.</summary>
    private bool Kill(string store, Process process, int[] processIds, Action<string> report)
    {
        bool waits = Kills % 2 == 0;
        double delay = _random.NextDouble() * (waits ? 0.02 : _seconds);
        if (!WaitForMoment(store, process, waits, TimeSpan.FromSeconds(delay)))
            return false;
        var end = Stopwatch.StartNew();
        using (Process victim = processIds.Length == 0
            ? Process.GetProcessById(process.Id) : Process.GetProcessById(processIds[_random.Next(processIds.Length)]))
            victim.Kill();
        process.WaitForExit();
        SlowestEnd = Math.Max(SlowestEnd, end.Elapsed.TotalSeconds);
        Kills++;
        bool half = Directory.Exists(store) && Directory.EnumerateDirectories(store, ".step-*").Any();
        KillsWhileWriting += half ? 1 : 0;
        report($"kill {Kills}: {(half ? "while a checkpoint was written or removed" : "between checkpoints")}");
        return true;
    }

    /// <summary>Waits for the moment to kill the process; false when it ended before.</summary>
    private static bool WaitForMoment(string store, Process process, bool forWriting, TimeSpan delay)
    {
        var watch = Stopwatch.StartNew();
        // Wait for the third checkpoint: a run that is always killed in its first one would never make progress.
        int seen = 0;
        string? last = null;
        while (!process.WaitForExit(TimeSpan.FromMilliseconds(1)))
        {
            if (!forWriting && watch.Elapsed >= delay)
                return true;
            if (forWriting && Directory.Exists(store) && Directory.EnumerateDirectories(store, ".step-*").FirstOrDefault() is { } half
                && half != last)
            {
                last = half;
                if (++seen == 3)
                    return !process.WaitForExit(delay);
            }
        }
        return false;
    }

    /// <summary>Runs one process, or one group of ranks, to its end. Returns the hash of its model, null if it wrote none.</summary>
    /// <param name="name">The name of the run's files.</param>
    /// <param name="ranks">The processes that train together.</param>
    /// <param name="kill">
    /// Gets the checkpoint folder, what was started, and the ids of ranks; true if it killed; null for a run to its end.
    /// </param>
    private string? Run(string name, int ranks, Func<string, Process, int[], bool>? kill)
    {
        string[] arguments = ["kill-child", "--text", TextPath, "--checkpoints", StorePath(name), "--model", ModelPath(name)];
        ProcessStartInfo start = ranks == 1
            ? ChildProcess.WithArguments(arguments) : ChildProcess.OnRanks(ranks, [], [.. arguments, "--mpi"]);
        start.RedirectStandardOutput = true;
        using Process process = Process.Start(start)!;
        // Reading and tokenizing are the same in every run, so the clock starts after them.
        var processIds = new List<int>();
        while (process.StandardOutput.ReadLine() is { } line && line != Ready)
        {
            if (line.Split(ProcessSign) is [_, { } number])
                processIds.Add(int.Parse(number.Split(' ')[0], CultureInfo.InvariantCulture));
        }
        Task<string> rest = process.StandardOutput.ReadToEndAsync();
        bool killed = kill?.Invoke(StorePath(name), process, [.. processIds]) ?? false;
        process.WaitForExit();
        Resumed += rest.Result.Split('\n').Any(line => line.StartsWith(ResumeSign, StringComparison.Ordinal)) ? 1 : 0;
        if (killed || process.ExitCode != 0)
            return null;
        using FileStream stream = File.OpenRead(ModelPath(name));
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>Calls the action at once, on the training thread; Progress&lt;T&gt; would post it to another.</summary>
    private sealed class ImmediateProgress(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => action(value);
    }

    private sealed class Document
    {
        public string Text { get; set; } = "";
    }
}
