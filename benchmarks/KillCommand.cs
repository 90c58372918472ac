using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks;

/// <summary>
/// Trains in a child process that is killed at random moments and resumed until it is done, and compares the model's hash with that of an
/// uninterrupted run. Every second kill waits until a checkpoint is being written. With several ranks a random one of them is killed, and
/// the others have to end by themselves.
/// </summary>
internal static class KillCommand
{
    private const string Ready = "training", ProcessSign = ": process ";
    private const int VirtualRanks = 4;
    private const string ResumeSign = "Resumed at step ";
    private static readonly string[] Words =
        ["the", "cat", "dog", "sat", "ran", "on", "under", "mat", "log", "and", "a", "red", "old", "bird", "sang", "slept"];

    private sealed class Document
    {
        public string Text { get; set; } = "";
    }

    public static Subcommand Command()
    {
        var kills = new Option<int>("--kills") { Description = "number of processes to kill", DefaultValueFactory = _ => 30 };
        var seed = new Option<int>("--seed")
        {
            Description = "seed of the moments at which processes are killed", DefaultValueFactory = _ => 1,
        };
        var ranks = new Option<int>("--ranks")
        {
            Description = "ranks of the training, started by mpiexec; 1, 2 or 4, and at 1 without it", DefaultValueFactory = _ => 1,
        };
        var command =
            new Subcommand("kill", "kill a training at random moments, resume it, and compare the final model with an uninterrupted run's")
        {
            kills, seed, ranks,
        };
        command.SetAction(result => Run(result.GetValue(kills), result.GetValue(ranks), new Random(result.GetValue(seed))));
        return command;
    }

    public static Subcommand ChildCommand()
    {
        var folder = new Option<string>("--checkpoints") { Description = "checkpoint folder", Required = true };
        var model = new Option<string>("--model") { Description = "file to write the model to", Required = true };
        var mpi = new Option<bool>("--mpi") { Description = "train together with the other processes" };
        var command = new Subcommand("kill-child", "the training that `kill` runs") { folder, model, mpi };
        command.Hidden = true;
        command.SetAction(result =>
        {
            using MpiProcessGroup? group = result.GetValue(mpi) ? MpiProcessGroup.Start() : null;
            return Train(result.GetValue(folder)!, result.GetValue(model)!, group);
        });
        return command;
    }

    private static int Train(string checkpoints, string model, MpiProcessGroup? group)
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
        var random = new Random(5);
        string Sentence() => string.Join(' ', Enumerable.Range(0, 12).Select(_ => Words[random.Next(Words.Length)]));
        Document[] rows = [.. Enumerable.Range(0, 400).Select(_ => new Document { Text = Sentence() })];
        var ready = false;
        var options = new TrainerOptions
        {
            Network = new TransformerConfig
            {
                LayerCount = 2, HeadCount = 4, EmbeddingSize = 128, FeedForwardSize = 256, ContextLength = 64,
            },
            Tokenizer = TokenizerSource.TrainBytePairEncoding(300),
            MaxSteps = 120,
            BatchSize = 8,
            ValidationSet = ml.Data.LoadFromEnumerable(rows.Take(20)),
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
        using LikelihoodScoringTransformer trained = new MaskedDiffusionTrainer(ml, options).Fit(ml.Data.LoadFromEnumerable(rows.Skip(20)));
        if (isFirst)
            trained.Model.Save(model);
        return 0;
    }

    private static int Run(int kills, int ranks, Random random)
    {
        string folder = Directory.CreateTempSubdirectory("mdm-kill-").FullName;
        try
        {
            var watch = Stopwatch.StartNew();
            (string? expected, _) = Child(folder, "whole", 1, (_, _, _) => false);
            if (expected is null)
                return Fail("the uninterrupted run failed");
            double seconds = watch.Elapsed.TotalSeconds;
            Console.WriteLine($"uninterrupted, one process: {seconds:0.0} s, model SHA-256 {expected}");
            double slowest = 0;
            int killed = 0, writing = 0, resumed = 0, rounds = 0, same = 0;
            while (killed < kills)
            {
                rounds++;
                string? found = null;
                while (found is null)
                {
                    bool waits = killed % 2 == 0;
                    double delay = random.NextDouble() * (waits ? 0.02 : seconds);
                    int before = killed;
                    (found, string? from) = Child(folder, $"run{rounds}", ranks, (store, process, processIds) =>
                    {
                        if (killed >= kills)
                            return false;
                        if (!WaitForMoment(store, process, waits, TimeSpan.FromSeconds(delay)))
                            return false;
                        var end = Stopwatch.StartNew();
                        using (Process victim = ranks == 1
                            ? Process.GetProcessById(process.Id) : Process.GetProcessById(processIds[random.Next(processIds.Length)]))
                            victim.Kill();
                        process.WaitForExit();
                        slowest = Math.Max(slowest, end.Elapsed.TotalSeconds);
                        killed++;
                        bool half = Directory.Exists(store) && Directory.EnumerateDirectories(store, ".step-*").Any();
                        writing += half ? 1 : 0;
                        Console.WriteLine($"kill {killed}: {(half ? "while a checkpoint was written or removed" : "between checkpoints")}");
                        return true;
                    });
                    resumed += from is null ? 0 : 1;
                    if (found is null && killed == before)
                        return Fail("a child failed without being killed");
                }
                same += found == expected ? 1 : 0;
                Console.WriteLine($"run {rounds} finished: model SHA-256 {found}{(found == expected ? ", the same" : ", DIFFERENT")}");
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{killed} kills of {ranks} ranks, which ended within {slowest:0.0} s; {writing} of the kills "
                + $"while a checkpoint was written or removed; {resumed} resumed processes; "
                + $"{same} of {rounds} runs ended with the same model as the uninterrupted one; {watch.Elapsed.TotalSeconds:0} s"));
            return same == rounds ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Waits for the moment to kill the process; false when it ended before.</summary>
    private static bool WaitForMoment(string store, Process process, bool forWriting, TimeSpan delay)
    {
        var watch = Stopwatch.StartNew();
        // Wait for the third checkpoint: a run that is always killed in its first one would never make progress.
        int seen = 0;
        string? last = null;
        while (!process.HasExited)
        {
            if (!forWriting && watch.Elapsed >= delay)
                return true;
            if (forWriting && Directory.Exists(store) && Directory.EnumerateDirectories(store, ".step-*").FirstOrDefault() is { } half
                && half != last)
            {
                last = half;
                if (++seen == 3)
                {
                    SpinWait.SpinUntil(() => false, delay);
                    return !process.HasExited;
                }
            }
        }
        return false;
    }

    /// <summary>
    /// Runs one process to its end. Returns the hash of its model, null if it wrote none, and the line that says at which step it resumed.
    /// </summary>
    private static (string? Hash, string? Resumed) Child(
        string folder, string name, int ranks, Func<string, Process, int[], bool> act)
    {
        string store = Path.Combine(folder, name), model = Path.Combine(folder, name + MaskedDiffusionModel.ArchiveExtension);
        string[] arguments = ["kill-child", "--checkpoints", store, "--model", model];
        ProcessStartInfo start = ranks == 1
            ? ChildProcess.WithArguments(arguments) : ChildProcess.OnRanks(ranks, [], [.. arguments, "--mpi"]);
        start.RedirectStandardOutput = true;
        using Process process = Process.Start(start)!;
        string? resumed = null;
        // Reading and tokenizing are the same in every run, so the clock starts after them.
        var processIds = new List<int>();
        while (process.StandardOutput.ReadLine() is { } line && line != Ready)
        {
            if (line.Split(ProcessSign) is [_, { } number])
                processIds.Add(int.Parse(number.Split(' ')[0], CultureInfo.InvariantCulture));
        }
        Task<string> rest = process.StandardOutput.ReadToEndAsync();
        bool killed = act(store, process, [.. processIds]);
        process.WaitForExit();
        foreach (string line in rest.Result.Split('\n'))
            resumed = line.StartsWith(ResumeSign, StringComparison.Ordinal) ? line : resumed;
        if (killed || process.ExitCode != 0)
            return (null, resumed);
        using FileStream stream = File.OpenRead(model);
        return (Convert.ToHexStringLower(SHA256.HashData(stream)), resumed);
    }

    private static int Fail(string message)
    {
        Console.Error.WriteLine(message);
        return 1;
    }

    /// <summary>Calls the action at once, on the training thread; Progress&lt;T&gt; would post it to another.</summary>
    private sealed class ImmediateProgress(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => action(value);
    }
}
