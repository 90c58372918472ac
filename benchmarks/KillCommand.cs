using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks;

/// <summary>
/// Trains in a child process that is killed at random moments and resumed until it is done, and compares the model's hash with that of an
/// uninterrupted run. Every second kill waits until a checkpoint is being written.
/// </summary>
internal static class KillCommand
{
    private const string Ready = "training";
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
        var command =
            new Subcommand("kill", "kill a training at random moments, resume it, and compare the final model with an uninterrupted run's")
        {
            kills, seed,
        };
        command.SetAction(result => Run(result.GetValue(kills), new Random(result.GetValue(seed))));
        return command;
    }

    public static Subcommand ChildCommand()
    {
        var folder = new Option<string>("--checkpoints") { Description = "checkpoint folder", Required = true };
        var model = new Option<string>("--model") { Description = "file to write the model to", Required = true };
        var command = new Subcommand("kill-child", "the training that `kill` runs") { folder, model };
        command.Hidden = true;
        command.SetAction(result => Train(result.GetValue(folder)!, result.GetValue(model)!));
        return command;
    }

    private static int Train(string checkpoints, string model)
    {
        var ml = new MLContext(1);
        ml.Log += (_, e) =>
        {
            if (e.RawMessage.StartsWith(ResumeSign, StringComparison.Ordinal))
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
            Progress = new ImmediateProgress(report =>
            {
                if (ready || report.Phase != TrainingPhase.Packing)
                    return;
                ready = true;
                Console.WriteLine(Ready);
            }),
        };
        using LikelihoodScoringTransformer trained = new MaskedDiffusionTrainer(ml, options).Fit(ml.Data.LoadFromEnumerable(rows.Skip(20)));
        trained.Model.Save(model);
        return 0;
    }

    private static int Run(int kills, Random random)
    {
        string folder = Directory.CreateTempSubdirectory("mdm-kill-").FullName;
        try
        {
            var watch = Stopwatch.StartNew();
            (string? expected, _) = Child(folder, "whole", (_, _) => false);
            if (expected is null)
                return Fail("the uninterrupted run failed");
            double seconds = watch.Elapsed.TotalSeconds;
            Console.WriteLine($"uninterrupted: {seconds:0.0} s, model SHA-256 {expected}");
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
                    (found, string? from) = Child(folder, $"run{rounds}", (store, process) =>
                    {
                        if (killed >= kills)
                            return false;
                        if (!WaitForMoment(store, process, waits, TimeSpan.FromSeconds(delay)))
                            return false;
                        process.Kill();
                        process.WaitForExit();
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
                $"{killed} kills, {writing} of them while a checkpoint was written or removed; {resumed} resumed processes; "
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
    private static (string? Hash, string? Resumed) Child(string folder, string name, Func<string, Process, bool> act)
    {
        string store = Path.Combine(folder, name), model = Path.Combine(folder, name + MaskedDiffusionModel.ArchiveExtension);
        ProcessStartInfo start = ChildProcess.WithArguments("kill-child", "--checkpoints", store, "--model", model);
        start.RedirectStandardOutput = true;
        using Process process = Process.Start(start)!;
        string? resumed = null;
        // Reading and tokenizing are the same in every run, so the clock starts after them.
        while (process.StandardOutput.ReadLine() is { } line && line != Ready)
            continue;
        Task<string> rest = process.StandardOutput.ReadToEndAsync();
        bool killed = act(store, process);
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
