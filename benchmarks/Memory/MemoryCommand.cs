using System.CommandLine;
using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Memory;

/// <summary>
/// Peak resident memory of whole training steps under each memory option, and of loading, using and freeing a large model. Each case runs
/// in a process of its own, because a process remembers only its highest peak.
/// </summary>
internal static class MemoryCommand
{
    // The bound that the command checks, in GiB.
    private const double Limit = 24;

    public static Subcommand Command()
    {
        var size = new Option<string>("--size") { Description = "preset to train", DefaultValueFactory = _ => "170M" };
        var length = new Option<int>("--length")
        {
            Description = "length in tokens of the one sequence in a step", DefaultValueFactory = _ => 2048,
        };
        var steps = new Option<int>("--steps")
        {
            Description = "training steps of each case, of which the fastest is reported", DefaultValueFactory = _ => 4,
        };
        var load = new Option<string>("--load")
        {
            Description = "preset to load, score with and free; none to leave this out", DefaultValueFactory = _ => "1028M",
        };
        var cases = new Option<string[]>("--cases")
        {
            Description = "training cases to measure", AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => ["plain", "checkpointing", "mixed", "mixed+checkpointing"],
        };
        var folder = new Option<string>("--folder")
        {
            Description = "folder in which the model to load is written; the file is deleted at the end",
            DefaultValueFactory = _ => Path.GetTempPath(),
        };
        var command =
            new Subcommand("memory", "peak memory and seconds per training step, and memory for loading, using and freeing a model")
        {
            size, length, steps, cases, load, folder,
        };
        command.SetAction(result => Run(
            result.GetValue(size)!, result.GetValue(length), result.GetValue(steps), result.GetValue(cases)!, result.GetValue(load)!,
            result.GetValue(folder)!));
        return command;
    }

    public static Subcommand ChildCommand()
    {
        var arguments = new Argument<string[]>("arguments");
        var command = new Subcommand("memory-child", "one case that `memory` runs") { arguments };
        command.Hidden = true;
        command.SetAction(result => result.GetValue(arguments)! switch
        {
            ["train", string size, string length, string steps, string options] =>
                MemoryCase.Train(
                    size, int.Parse(length, CultureInfo.InvariantCulture), int.Parse(steps, CultureInfo.InvariantCulture), options),
            ["write", string size, string path] => MemoryCase.Write(size, path),
            ["load", string size, string path] => MemoryCase.Load(size, path),
            _ => 1,
        });
        return command;
    }

    private static int Run(string size, int length, int steps, string[] cases, string load, string folder)
    {
        TransformerConfig config = TransformerConfig.FromPreset(size) with { ContextLength = length };
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Training {size}: {config.ParameterCount / 1e6:F1} M parameters, micro batch 1 x {length}, all tokens masked, "
            + $"vocabulary {config.VocabularySize}, cpu, {Environment.ProcessorCount} cores"));
        Console.WriteLine(
            "case                     peak GiB   of it: weights, gradients, moments   the rest (activations, logits, runtime)   s/step");
        bool within = true;
        foreach (string one in cases)
        {
            double[] figures =
                Child("train", size, length.ToString(CultureInfo.InvariantCulture), steps.ToString(CultureInfo.InvariantCulture), one);
            double state = 16.0 * config.ParameterCount;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{one,-22} {GiB(figures[0]),10:F2} {GiB(state),36:F2} {GiB(figures[0] - state),41:F2} {figures[1],8:F1}"));
            within &= GiB(figures[0]) <= Limit;
        }
        if (load != "none")
            within &= Load(load, folder);
        Console.WriteLine(within ? $"All within {Limit:F0} GiB." : "A limit is exceeded.");
        return within ? 0 : 1;
    }

    private static bool Load(string size, string folder)
    {
        string path = Path.Combine(folder, $"mdm-memory-{Environment.ProcessId}.safetensors");
        try
        {
            Child("write", size, path);
            double file = new FileInfo(path).Length;
            double[] figures = Child("load", size, path);
            double before = figures[0], loading = figures[1], loadSeconds = figures[2];
            double peak = figures[3], scoreSeconds = figures[4], after = figures[5];
            double extra = (loading - before - file) / file;
            Console.WriteLine();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
                Model {size} from a safetensors file of {file / 1e9:F2} GB
                  before                          {GiB(before),6:F2} GiB
                  peak while loading              {GiB(loading),6:F2} GiB: the file's size and {extra:P1} of it; {loadSeconds:F1} s
                  peak with one scored sequence   {GiB(peak),6:F2} GiB: 128 tokens, 3 noise samples; {scoreSeconds:F1} s
                  after disposal                  {GiB(after),6:F2} GiB: {(after - before) / (1 << 20):F0} MiB more than before
                """));
            return extra <= 0.05 && GiB(peak) <= Limit && after - before <= 0.05 * file;
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static double GiB(double bytes) => bytes / (1L << 30);

    /// <summary>Runs a case in a new process and reads the figures from the last line of its output.</summary>
    private static double[] Child(params string[] arguments)
    {
        string output = ChildProcess.Output(ChildProcess.WithArguments(["memory-child", .. arguments]));
        string last = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault() ?? "";
        return [.. last.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(number => double.Parse(number, CultureInfo.InvariantCulture))];
    }
}
