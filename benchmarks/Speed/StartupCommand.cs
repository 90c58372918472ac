using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using TorchSharp;
using static Microsoft.ML.MaskedDiffusion.Benchmarks.ResultTable;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Speed;

/// <summary>
/// The time from the start of a process to the first score of a saved model, and where it goes. Each run is a process of its own, on a file
/// that the system has in its cache.
/// </summary>
internal static class StartupCommand
{
    private static readonly string[] Phases =
        ["process and runtime", "native libraries", "open the model", "first score", "sum to the first score", "second score"];

    public static Subcommand Command()
    {
        var size = new Option<string>("--size") { Description = "network size", DefaultValueFactory = _ => "6M" };
        var vocabulary = new Option<int>("--vocabulary") { Description = "vocabulary size in tokens", DefaultValueFactory = _ => 32000 };
        var runs = new Option<int>("--runs") { Description = "processes, of which medians are taken", DefaultValueFactory = _ => 11 };
        Option<bool> markdown = MarkdownOption();
        var command = new Subcommand("startup", "time from the start of a process to the first score of a saved model")
        {
            size, vocabulary, runs, markdown,
        };
        command.SetAction(result => Run(
            result.GetValue(size)!, result.GetValue(vocabulary), result.GetValue(runs), result.GetValue(markdown)));
        return command;
    }

    public static Subcommand ChildCommand()
    {
        var arguments = new Argument<string[]>("arguments");
        var command = new Subcommand("startup-child", "one process that `startup` starts") { arguments };
        command.Hidden = true;
        command.SetAction(result => RunChild(result.GetValue(arguments)![0]));
        return command;
    }

    private static int Run(string size, int vocabulary, int runs, bool markdown)
    {
        string folder = Directory.CreateTempSubdirectory("mdm-startup-").FullName;
        try
        {
            string path = Path.Combine(folder, "model" + MaskedDiffusionModel.ArchiveExtension);
            Save(size, vocabulary, path);
            double[][] times = [.. Enumerable.Range(0, runs).Select(_ => Child(path))];
            Console.WriteLine($"A saved {size} model, vocabulary {vocabulary}, {new FileInfo(path).Length / 1e6:0} MB, "
                + $"{Environment.ProcessorCount} cores; medians of {runs} processes, and the fastest and slowest");
            Console.WriteLine();
            var table = new ResultTable(markdown, "phase".PadRight(22), "ms", "fastest", "slowest");
            for (int phase = 0; phase < Phases.Length; phase++)
            {
                double[] values = [.. times.Select(one => one[phase])];
                table.Add(Phases[phase], Number(Timing.Median(values), "0"), Number(values.Min(), "0"), Number(values.Max(), "0"));
            }
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Save(string size, int vocabulary, string path)
    {
        TransformerConfig config = TransformerConfig.FromPreset(size) with { VocabularySize = vocabulary };
        var network = new TransformerNetwork(config, torch.CPU);
        network.Initialize(1);
        using var model = new MaskedDiffusionModel(network, BenchmarkTexts.TokenizerOf(vocabulary));
        model.Save(path);
    }

    // Prints the milliseconds of the phases in their order.
    private static int RunChild(string path)
    {
        DateTime begin = Process.GetCurrentProcess().StartTime.ToUniversalTime();
        var times = new List<double> { (DateTime.UtcNow - begin).TotalMilliseconds };
        var clock = Stopwatch.StartNew();
        void Take()
        {
            times.Add(clock.Elapsed.TotalMilliseconds);
            clock.Restart();
        }
        NativeRuntime.EnsureLoaded();
        Take();
        using MaskedDiffusionModel model = MaskedDiffusionModel.Load(path, "cpu");
        Take();
        new LikelihoodScorer(model).Score("w5 w6 w7 w8", "w9 w10 w11 w12 w13 w14 w15 w16");
        Take();
        times.Add(times.Sum());
        clock.Restart();
        new LikelihoodScorer(model).Score("w15 w16 w17 w18", "w19 w10 w11 w12 w13 w14 w15 w16");
        Take();
        Console.WriteLine(string.Join(' ', times.Select(time => time.ToString("R", CultureInfo.InvariantCulture))));
        return 0;
    }

    private static double[] Child(string path)
    {
        string output = ChildProcess.Output(ChildProcess.WithArguments("startup-child", path));
        return [.. output.Split(' ').Select(time => double.Parse(time, CultureInfo.InvariantCulture))];
    }
}
