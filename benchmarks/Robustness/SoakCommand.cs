using System.CommandLine;
using System.Diagnostics;
using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Robustness;

/// <summary>
/// Everything at once for a long time: a training that is killed and resumed, a search and the scoring of a file that are cancelled and
/// resumed, prediction engines on threads, texts written and gaps filled. Every result has to be that of a calm round, no work may stand
/// still, and neither memory nor open files may grow.
/// </summary>
internal static class SoakCommand
{
    private const double AllowedGrowth = 0.05;
    private const long AllowedMegabytes = 64;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    public static Subcommand Command()
    {
        var minutes = new Option<double>("--minutes") { Description = "how long, without the calm round", DefaultValueFactory = _ => 120 };
        var limit = new Option<double>("--limit")
        {
            Description = "minutes after which a round counts as standing still", DefaultValueFactory = _ => 20,
        };
        var seed = new Option<int>("--seed")
        {
            Description = "seed of interruptions, orders and batches", DefaultValueFactory = _ => 1,
        };
        var only = new Option<string[]>("--only")
        {
            Description = "the work to do, by the beginnings of its names; all of it by default", AllowMultipleArgumentsPerToken = true,
        };
        var command = new Subcommand("soak", "training with kills, search, files, engines, writing and filling at once, for hours")
        {
            minutes, limit, seed, only,
        };
        command.SetAction(result => Run(
            TimeSpan.FromMinutes(result.GetValue(minutes)), TimeSpan.FromMinutes(result.GetValue(limit)), result.GetValue(seed),
            result.GetValue(only)!));
        return command;
    }

    private static int Run(TimeSpan length, TimeSpan limit, int seed, string[] only)
    {
        string folder = Directory.CreateTempSubdirectory("mdm-soak-").FullName;
        using var stop = new CancellationTokenSource();
        SoakWork? work = null;
        SoakLane[] lanes = [];
        try
        {
            work = new SoakWork(folder, seed);
            lanes =
            [
                new("training, killed", work.TrainAndKill), new("search, cancelled", work.Search),
                new("file, cancelled", work.ScoreFile), new("engines", work.Engines), new("writing", work.Write),
                new("filling", work.Fill),
            ];
            if (only.Length > 0)
            {
                string all = string.Join(", ", lanes.Select(lane => $"'{lane.Name}'"));
                lanes = Array.FindAll(lanes, lane => only.Any(name => lane.Name.StartsWith(name, StringComparison.Ordinal)));
                if (lanes.Length == 0)
                    throw new ArgumentException($"--only names no work: it must be beginnings of {all}.");
            }
            foreach (SoakLane lane in lanes)
                lane.Expect();
            stop.CancelAfter(length);
            foreach ((int number, SoakLane lane) in lanes.Index())
                lane.Start(seed + number, stop.Token);
            List<SoakSample> samples = Watch(lanes, length, limit);
            return Report(lanes, samples, limit);
        }
        finally
        {
            stop.Cancel();
            EndWork(work, lanes, folder, limit);
        }
    }

    // Where one lane has failed, the others are still at a round, and use the files.
    private static void EndWork(SoakWork? work, SoakLane[] lanes, string folder, TimeSpan limit)
    {
        if (!Array.TrueForAll(lanes, lane => lane.Join(limit)))
        {
            Console.WriteLine($"Some work does not end; its files stay in {folder}.");
            return;
        }
        work?.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Prints the state of all lanes sixty times, until all have ended or one stands still.</summary>
    private static List<SoakSample> Watch(SoakLane[] lanes, TimeSpan length, TimeSpan limit)
    {
        var samples = new List<SoakSample>();
        var watch = Stopwatch.StartNew();
        bool IsOver() => Array.TrueForAll(lanes, lane => lane.IsDone)
            || Array.Exists(lanes, lane => lane.Failure is not null || lane.Current > limit);
        while (!IsOver())
        {
            Thread.Sleep(Poll);
            if (watch.Elapsed < length / 60 * samples.Count || watch.Elapsed > length)
                continue;
            samples.Add(SoakSample.Take());
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{watch.Elapsed:hh\\:mm\\:ss}  {samples[^1]}  rounds {string.Join(' ', lanes.Select(lane => lane.Rounds))}"));
        }
        return samples;
    }

    private static int Report(SoakLane[] lanes, List<SoakSample> samples, TimeSpan limit)
    {
        var good = true;
        foreach (SoakLane lane in lanes)
        {
            bool fine = lane is { Different: 0, Failure: null, IsDone: true, Rounds: > 0 };
            good &= fine;
            string state = lane.Failure?.ToString() ?? (lane.IsDone ? ""
                : lane.Current <= limit ? "was at work when another one ended it all"
                : string.Create(CultureInfo.InvariantCulture, $"has stood still for {lane.Current.TotalMinutes:0} minutes"));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{lane.Name,-20} {lane.Rounds,6:N0} rounds  {lane.Different,3} different  {(fine ? "PASS" : "FAIL")} {state}"));
        }
        // The first quarter is warming up: pools fill, code is compiled anew.
        SoakSample[] early = [.. samples.Skip(samples.Count / 4).Take(samples.Count / 4)];
        SoakSample[] late = [.. samples.TakeLast(Math.Max(1, samples.Count / 4))];
        good &= Holds("managed MB", AllowedMegabytes, sample => sample.ManagedMegabytes);
        good &= Holds("native MB in use", AllowedMegabytes, sample => sample.NativeMegabytes);
        good &= Holds("resident MB", AllowedMegabytes, sample => sample.ResidentMegabytes);
        good &= Holds("open files", 8, sample => sample.OpenFiles);
        good &= Holds("threads", 8, sample => sample.Threads);
        return good ? 0 : 1;

        bool Holds(string what, double allowed, Func<SoakSample, double> figure)
        {
            if (early.Length == 0)
                return true;
            (double before, double after) = (early.Average(figure), late.Average(figure));
            bool fine = after <= before * (1 + AllowedGrowth) + allowed;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{what,-20} {before:N0} in the second quarter, {after:N0} in the last  {(fine ? "PASS" : "FAIL")}"));
            return fine;
        }
    }
}
